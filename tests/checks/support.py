"""What every check shares: walking the tree, reading C++ without its comments, and the self-test that shows the check can fail."""

import os
import pathlib
import re
import sys
import tempfile

SKIPPED = {"build", ".git", ".cache", "__pycache__", "corpus"}
CPP = {".h", ".cpp", ".c"}


def files(root, *folders, suffixes=None):
    """Files below root/folder (all of root without folders), sorted, as paths relative to root."""
    root = pathlib.Path(root)
    found = []
    for folder in folders or (".",):
        for base, directories, names in os.walk(root / folder):
            directories[:] = sorted(d for d in directories if d not in SKIPPED)
            for name in names:
                path = pathlib.Path(base) / name
                if not path.is_symlink() and (suffixes is None or path.suffix in suffixes):
                    found.append(path.relative_to(root))
    return sorted(set(found))


def read(root, path):
    return (pathlib.Path(root) / path).read_text(encoding="utf-8", errors="replace")


_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
    re.S)


def without_comments(text, strings=True):
    """C++ text with comments (and, if strings is False, the insides of literals) blanked; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token if strings else '"' + re.sub(r"[^\n]", " ", token[1:-1]) + '"'
    return _TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def self_test(check, cases):
    """cases: (title, {path: text}, part of the one expected complaint, or None if the tree is clean)."""
    failed = 0
    for title, tree, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            for path, text in tree.items():
                target = pathlib.Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            complaints = check(pathlib.Path(folder))
        good = not complaints if expected is None else len(complaints) == 1 and expected in complaints[0]
        print(("ok    " if good else "FAILED"), title)
        if not good:
            failed += 1
            print("   expected:", expected or "no complaint", "\n   got:", *(complaints or ["no complaint"]), sep="\n     ")
    print(f"{len(cases) - failed} of {len(cases)} planted cases judged rightly")
    return 1 if failed else 0


def main(check, cases):
    """`check.py ROOT` judges the tree; `check.py --self-test` judges planted trees."""
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test(check, cases))
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT | --self-test")
    complaints = check(pathlib.Path(sys.argv[1]))
    print(*complaints, sep="\n" if complaints else "")
    print(f"{len(complaints)} complaints" if complaints else "no complaint")
    sys.exit(1 if complaints else 0)
