"""Each number of the design's lists has a test whose name begins with it, or a line in tests/later.txt with the reason.

A name may begin with several numbers (`H13_H12_…`). Numbers are looked for in TEST(…, NAME) of GoogleTest and in add_test(NAME …),
psw_check(NAME …) of CMake; of a dotted name the last part counts. What happens between two banks counts only in tests/integration, where
two daemons run: a test of one side may carry the number and the line stays. Four need two daemons over one ledger, or a commit whose
answer is lost, which the embedded ledger of one process cannot give: they count in tests/simulation too, over the real plugins. A line
whose test exists fails, so the list only shrinks: `test_numbers.py --prune ROOT` deletes such lines, `--due ROOT` prints what this milestone still owes."""

import pathlib
import re
import sys

import support

# List: (last number, what it is).
LISTS = {
    "H": (40, "what a plugin host must survive"),
    "X": (32, "failure points between two banks"),
    "N": (14, "counterexamples of the model"),
    "L": (63, "attacks on the login"),
    "A": (40, "abuses that must be safe"),
    "C": (8, "rules of the money checker"),
}
LATER = "tests/later.txt"
BETWEEN_BANKS = {f"X{n}" for n in range(1, 33)} | {f"A{n}" for n in (10, 12, 17, 22, 23, 24, 25, 26, 27, 32)}
TWO_DAEMONS = "tests/integration/"
# Over one ledger: a lost answer of a commit, a take-over, a race of two daemons, a step repeated after a take-over.
ONE_LEDGER = {"X2", "X13", "X28", "X32"}
SIMULATED = "tests/simulation/"

GTEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*\w+\s*,\s*(\w+)\s*\)")
CTEST = re.compile(r"\b(?:add_test\s*\(\s*NAME|psw_check\s*\()\s*([\w.\-]+)")
LEADING = re.compile(r"(?:[HXNLAC]\d+_)+")
DISABLED = "DISABLED_"


def tests(root, whole=False):
    """{number: first place that tests it}; `whole`: and not one side of it only."""
    found = {}
    for path in support.files(root, "tests", "sdk", "plugins"):
        if path.suffix in support.CPP:
            pattern, text = GTEST, support.without_comments(support.read(root, path))
        elif path.name == "CMakeLists.txt" or path.suffix == ".cmake":
            pattern, text = CTEST, re.sub(r"#[^\n]*", "", support.read(root, path))
        else:
            continue
        for match in pattern.finditer(text):
            name = match.group(1).split(".")[-1]
            if name.startswith(DISABLED):
                continue
            if leading := LEADING.match(name):
                for number in leading.group(0).rstrip("_").split("_"):
                    where = (TWO_DAEMONS, SIMULATED) if number in ONE_LEDGER else (TWO_DAEMONS,)
                    if whole and number in BETWEEN_BANKS and not str(path).startswith(where):
                        continue
                    found.setdefault(number, f"{path}:{support.line_of(text, match.start())}")
    return found


def check(root):
    complaints = []
    known = {f"{letter}{n}" for letter, (last, _) in LISTS.items() for n in range(1, last + 1)}
    for number, where in tests(root).items():
        if number not in known:
            complaints.append(f"{where}: {number} is in no list")
    found = tests(root, whole=True)
    later = {}
    if (root / LATER).exists():
        for line, text in enumerate(support.read(root, LATER).splitlines(), 1):
            if not text.strip() or text.startswith("#"):
                continue
            number, _, reason = text.partition(" ")
            where = f"{LATER}:{line}"
            if number not in known:
                complaints.append(f"{where}: {number} is in no list")
            elif number in later:
                complaints.append(f"{where}: {number} stands twice")
            elif len(reason.strip()) < 10:
                complaints.append(f"{where}: {number} has no reason")
            elif number in found:
                complaints.append(f"{where}: {number} has a test now ({found[number]}): delete the line")
            later[number] = reason
    for number in sorted(known - set(found) - set(later), key=lambda n: (n[0], int(n[1:]))):
        complaints.append(f"{number} ({LISTS[number[0]][1]}) has neither a test nor a line in {LATER}")
    return complaints


def everything_but(*numbers):
    return "".join(f"{letter}{n} a reason that says why\n" for letter, (last, _) in LISTS.items() for n in range(1, last + 1)
                   if f"{letter}{n}" not in numbers)


CASES = [
    ("all later", {LATER: everything_but()}, None),
    ("tested or later", {LATER: everything_but("H1", "H2", "A8", "C1"), "tests/a_test.cpp": "TEST(Host, H1_H2_missing_file) {}\nTEST_F(Api, A8_x) {}",
                         "tests/CMakeLists.txt": "add_test(NAME kill.C1_sum COMMAND x)"}, None),
    ("a number without anything", {LATER: everything_but("X7")}, "X7 (failure points"),
    ("a test in a comment", {LATER: everything_but("X7"), "tests/a_test.cpp": "// TEST(Bank, X7_duplicate) {}"}, "X7"),
    ("a disabled test", {LATER: everything_but("X7"), "tests/a_test.cpp": "TEST(Bank, DISABLED_X7_duplicate) {}"}, "X7"),
    ("one side of it", {LATER: everything_but(), "tests/plugins/a_test.cpp": "TEST(Bank, X7_duplicate) {}"}, None),
    ("one side of it and no line", {LATER: everything_but("X7"), "tests/plugins/a_test.cpp": "TEST(Bank, X7_duplicate) {}"}, "X7 (failure points"),
    ("two daemons over one ledger", {LATER: everything_but("X13"), "tests/simulation/a_test.cpp": "TEST_F(Bank, X13_stalled_owner) {}"}, None),
    ("simulated, but no matter of one ledger", {LATER: everything_but("X7"), "tests/simulation/a_test.cpp": "TEST(Bank, X7_duplicate) {}"}, "X7 (failure points"),
    ("a line whose test exists", {LATER: everything_but(), "tests/integration/a_test.cpp": "TEST(Bank, X7_duplicate) {}"}, "delete the line"),
    ("a line without a reason", {LATER: everything_but("N3") + "N3 later\n"}, "has no reason"),
    ("a number in no list", {LATER: everything_but(), "tests/a_test.cpp": "TEST(Bank, N15_more) {}"}, "N15 is in no list"),
]

def prune(root):
    """Deletes the lines of tests/later.txt whose test exists."""
    found = tests(root, whole=True)
    kept = [line for line in support.read(root, LATER).splitlines(True) if line.split(" ")[0] not in found]
    (root / LATER).write_text("".join(kept), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--prune"] and len(sys.argv) == 3:
        prune(pathlib.Path(sys.argv[2]))
        sys.exit(0)
    if sys.argv[1:2] == ["--due"] and len(sys.argv) == 3:  # what this milestone still owes
        print(*(row for row in support.read(sys.argv[2], LATER).splitlines() if " due" in row and not row.startswith("#")), sep="\n")
        sys.exit(0)
    support.main(check, CASES)
