"""What ships contains no planted bug: no program and no plugin of a release build contains the name of the switch that chooses one."""

import pathlib
import sys
import tempfile

# In two parts, so that the word is found only where it is meant.
SWITCH = b"PSW_" + b"MUTANT"


def check(build):
    """(complaints, number of files looked at)"""
    binaries = [p for folder in ("bin", "plugins") for p in sorted((build / folder).glob("**/*")) if p.is_file() and p.read_bytes()[:4] == b"\x7fELF"]
    return [f"{path}: contains {SWITCH.decode()}" for path in binaries if SWITCH in path.read_bytes()], len(binaries)


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        (build / "bin").mkdir()
        (build / "plugins").mkdir()
        (build / "bin/payswitchd").write_bytes(b"\x7fELF clean")
        assert check(build) == ([], 1), "a clean program passes"
        (build / "plugins/x.so").write_bytes(b"\x7fELF getenv " + SWITCH + b"\0")
        assert len(check(build)[0]) == 1, "a planted bug is found in a plugin"
    print("2 of 2 planted cases judged rightly")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    complaints, looked_at = check(pathlib.Path(sys.argv[1]))
    print(*complaints, sep="\n")
    print(f"{looked_at} programs and plugins looked at")
    sys.exit(1 if complaints or looked_at == 0 else 0)
