"""What ships contains no planted bug and no failpoint: no program and no plugin of a release build contains the name of a switch that
chooses one, or the name of a failpoint."""

import pathlib
import re
import sys
import tempfile

# In two parts, so that the words are found only where they are meant.
SWITCHES = [b"PSW_" + b"MUTANT", b"PSW_" + b"FAILPOINT"]
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/internals/failpoints.md"


def failpoints():
    return [name.encode() for name in re.findall(r"^\| `([a-z_.]+)` \|", PAGE.read_text(encoding="utf-8"), re.M)]


def check(build):
    """(complaints, number of files looked at)"""
    binaries = [p for folder in ("bin", "plugins") for p in sorted((build / folder).glob("**/*")) if p.is_file() and p.read_bytes()[:4] == b"\x7fELF"]
    words = [(word, word) for word in SWITCHES] + [(name, b"\0" + name + b"\0") for name in failpoints()]
    complaints = []
    for path in binaries:
        content = path.read_bytes()
        complaints += [f"{path}: contains {word.decode()}" for word, bytes_ in words if bytes_ in content]
    return complaints, len(binaries)


def self_test():
    name = failpoints()[0]
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        (build / "bin").mkdir()
        (build / "plugins").mkdir()
        (build / "bin/payswitchd").write_bytes(b"\x7fELF clean")
        assert check(build) == ([], 1), "a clean program passes"
        for i, planted in enumerate([b"getenv " + word for word in SWITCHES] + [b"\0" + name + b"\0"]):
            (build / "plugins/x.so").write_bytes(b"\x7fELF " + planted + b"\0")
            assert len(check(build)[0]) == 1, f"planted case {i} is found in a plugin"
    print("4 of 4 planted cases judged rightly")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    complaints, looked_at = check(pathlib.Path(sys.argv[1]))
    print(*complaints, sep="\n")
    print(f"{looked_at} programs and plugins looked at")
    sys.exit(1 if complaints or looked_at == 0 else 0)
