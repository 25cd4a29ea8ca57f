"""The list of failpoints (docs/internals/failpoints.md) is that of the code: none is missing, none too many, none stands at two places,
and each is armed by a test, so that none is there for nothing."""

import re

import support

PAGE = "docs/internals/failpoints.md"
USE = re.compile(r'PSW_FAILPOINT\("([^"]*)"\)')
NAME = re.compile(r"[a-z]+\.[a-z_]+")
ROW = re.compile(r"^\| `([a-z_.]+)` \|", re.M)
LEAST = 40


def check(root, least=LEAST):
    complaints, found = [], {}
    for path in support.files(root, "daemon", "plugins", suffixes=support.CPP):
        text = support.without_comments(support.read(root, path))
        for match in USE.finditer(text):
            name, where = match.group(1), f"{path}:{support.line_of(text, match.start())}"
            if name in found:
                complaints.append(f"{where}: {name} stands also at {found[name]}")
            elif not NAME.fullmatch(name):
                complaints.append(f"{where}: {name} is not room.place")
            found[name] = where
    listed = ROW.findall(support.read(root, PAGE)) if (root / PAGE).exists() else []
    tests = "".join(support.read(root, path) for path in support.files(root, "tests/integration", "tests/simulation", suffixes=support.CPP))
    for name, where in sorted(found.items()):
        if name not in listed:
            complaints.append(f"{where}: {name} is not in {PAGE}")
        elif not re.search(r"(?:^|[^a-z_.]|\\n)" + re.escape(name) + r"(?![a-z_.])", tests):
            complaints.append(f"{where}: no test arms {name}")
    for name in listed:
        if name not in found:
            complaints.append(f"{PAGE}: {name} is nowhere in the code")
        if listed.count(name) > 1:
            complaints.append(f"{PAGE}: {name} stands twice")
    if len(found) < least:
        complaints.append(f"{len(found)} failpoints, at least {least} are wanted")
    return complaints


def tree(code, page, test):
    """A planted tree, with enough others around it."""
    others = [f"other.n{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(LEAST)]
    return {"daemon/a.cpp": "".join(f'(void)PSW_FAILPOINT("{name}");\n' for name in others) + code,
            PAGE: "".join(f"| `{name}` | x | – |\n" for name in others) + page,
            "tests/integration/a_test.cpp": "".join(f'"{name}=kill"\n' for name in others) + test}


CASES = [
    ("in code, page and test", tree('PSW_FAILPOINT("a.b")', "| `a.b` | x | – |", '"a.b=kill"'), None),
    ("not on the page", tree('PSW_FAILPOINT("a.b")', "", '"a.b=kill"'), "a.b is not in"),
    ("not in the code", tree('// PSW_FAILPOINT("a.b")', "| `a.b` | x | – |", '"a.b=kill"'), "a.b is nowhere"),
    ("armed by no test", tree('PSW_FAILPOINT("a.b")', "| `a.b` | x | – |", '"a.bc=kill"'), "no test arms a.b"),
    ("at two places", tree('PSW_FAILPOINT("a.b") + PSW_FAILPOINT("a.b")', "| `a.b` | x | – |", '"a.b=kill"'), "a.b stands also"),
    ("a strange name", tree('PSW_FAILPOINT("a")', "| `a` | x | – |", '"a=kill"'), "is not room.place"),
    ("too few", {"daemon/a.cpp": 'PSW_FAILPOINT("a.b")', PAGE: "| `a.b` | x | – |", "tests/integration/a_test.cpp": '"a.b=kill"'}, "at least 40"),
]

if __name__ == "__main__":
    support.main(check, CASES)
