"""What style asks and a script can see: short files, a doorplate in each room, no tabs, no loose ends, no path of somebody's machine,
no link in a page that leads nowhere."""

import re

import support

LINES_MAX = 600
TEXT = {".h", ".cpp", ".c", ".py", ".sh", ".md", ".txt", ".cmake", ".toml", ".yaml", ".yml", ".json", ".lua", ".service", ".in", ".js"}
# Whoever needs more than LINES_MAX says so in the first lines, with the reason after these words.
REASON = "Long file:"
# Spelled in two parts, so that this file does not complain about itself.
LOOSE_ENDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|HA" r"CK)\b")
MACHINE = re.compile(r"(?<![\w.}])/(?:ro" r"ot|wo" r"rk|ho" r"me/\w+|tm" r"p/(?:brief|b))(?=[/\s\"'`),;:]|$)")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
ROOMS = ("daemon", "plugins")
# Generated, or bytes that a test needs as they are.
EXEMPT = re.compile(r"^(LICENSE$|CMakePresets\.json$|docs/reference/|tests/.*/(corpus|data|golden)/)")


def check(root):
    complaints = []
    for path in support.files(root):
        if path.suffix not in TEXT and path.name not in ("dev", "run", "CMakeLists.txt"):
            continue
        if EXEMPT.match(str(path)):
            continue
        text = support.read(root, path)
        lines = text.split("\n")
        if len(lines) > LINES_MAX + 1 and not any(REASON in line for line in lines[:12]):
            complaints.append(f"{path}: {len(lines) - 1} lines; above {LINES_MAX} its head says why (\"{REASON} …\")")
        if text and not text.endswith("\n"):
            complaints.append(f"{path}:{len(lines)}: no newline at the end")
        for number, line in enumerate(lines, 1):
            if "\t" in line:
                complaints.append(f"{path}:{number}: a tab")
            if "\r" in line:
                complaints.append(f"{path}:{number}: a carriage return")
            if match := LOOSE_ENDS.search(line):
                complaints.append(f"{path}:{number}: {match.group(0)}: finish it, or put it into an issue")
            if match := MACHINE.search(line):
                complaints.append(f"{path}:{number}: {match.group(0)} is a path of one machine")
            if path.suffix == ".md":
                for match in LINK.finditer(line):
                    if "://" not in match.group(1) and not (root / path.parent / match.group(1)).exists():
                        complaints.append(f"{path}:{number}: {match.group(1)} does not exist")
        if path.suffix == ".h" and path.parts[0] in ROOMS and "#pragma once" not in text:
            complaints.append(f"{path}: no #pragma once")
    for folder in ROOMS:
        for room in sorted(p for p in (root / folder).glob("*/") if any(p.iterdir())):
            if not (room / "README.md").exists():
                complaints.append(f"{folder}/{room.name}: a room has a doorplate: README.md, at most a screen")
    return complaints


CASES = [
    ("a clean tree", {"daemon/net/README.md": "# net\n", "daemon/net/a.h": "#pragma once\n", "docs/x.md": "see `/var/lib/payswitch`, ./work/a\n"}, None),
    ("a long file", {"docs/a.md": "x\n" * 601}, "601 lines"),
    ("a long file with its reason", {"docs/a.md": f"{REASON} one table\n" + "x\n" * 700}, None),
    ("no doorplate", {"daemon/net/a.cpp": "\n"}, "doorplate"),
    ("a tab", {"tests/a.py": "x =\t1\n"}, "a tab"),
    ("a loose end", {"tests/a.py": "# TO" "DO: later\n"}, "finish it"),
    ("a machine's path", {"tests/a.py": "p = '/wo" "rk/main'\n"}, "path of one machine"),
    ("a link that leads nowhere", {"docs/a.md": "[x](b.md), [y](a.md#part), [z](https://example.org/x)\n"}, "b.md does not exist"),
    ("no guard", {"plugins/x/README.md": "# x\n", "plugins/x/a.h": "int f();\n"}, "#pragma once"),
    ("no newline at the end", {"docs/a.md": "text"}, "no newline"),
]

if __name__ == "__main__":
    support.main(check, CASES)
