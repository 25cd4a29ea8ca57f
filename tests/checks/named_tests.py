"""What a page says about tests is true: every test it names exists, and every row of docs/concepts/guarantees.md names one.

A name is `Suite.test` as ctest prints it; `Suite.beginning…` and `A1_…` stand for all tests that begin so."""

import re

import support
import test_numbers

GUARANTEES = "docs/concepts/guarantees.md"
GTEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
QUOTED = re.compile(r"`([^`\n]+)`")
NUMBERED = re.compile(r"([HXNLAC]\d+)_…$")
NAMED = re.compile(r"(\w+)\.(\w+)(…?)$")


def tests(root):
    """{suite: {test}}; of CMake's own tests what stands before the dot is the suite."""
    found = {}
    for path in support.files(root, "tests", "sdk", "plugins"):
        if path.suffix in support.CPP:
            names = GTEST.findall(support.without_comments(support.read(root, path)))
        elif path.name == "CMakeLists.txt":
            named = test_numbers.CTEST.findall(re.sub(r"#[^\n]*", "", support.read(root, path)))
            names = [tuple(name.rsplit(".", 1)) for name in named if "." in name]
        else:
            continue
        for suite, name in names:
            if not name.startswith(test_numbers.DISABLED):
                found.setdefault(suite, set()).add(name)
    return found


def names_in(text, suites, numbers, every):
    """(names that exist, names that do not) among what stands in backquotes. Words of other suites are file names and the like, unless
    `every` word with a dot is a test's."""
    good, bad = [], []
    for word in QUOTED.findall(text):
        if number := NUMBERED.match(word):
            (good if number.group(1) in numbers else bad).append(word)
        elif (named := NAMED.match(word)) and (every or named.group(1) in suites):
            suite, name, more = named.groups()
            exists = any(t == name or more and t.startswith(name) for t in suites.get(suite, ()))
            (good if exists else bad).append(word)
    return good, bad


def check(root):
    complaints = []
    suites, numbers = tests(root), test_numbers.tests(root)
    for path in support.files(root, "docs", suffixes={".md"}):
        for line, text in enumerate(support.read(root, path).splitlines(), 1):
            good, bad = names_in(text, suites, numbers, str(path) == GUARANTEES)
            complaints += [f"{path}:{line}: there is no test {word}" for word in bad]
            row = text.startswith("|") and not text.startswith(("| promise", "|--"))
            if str(path) == GUARANTEES and row and not good and not bad:
                complaints.append(f"{path}:{line}: a promise without a test: {text[:60]}")
    return complaints


TABLE = "| promise | shown by |\n|---|---|\n"
TEST = {"tests/a_test.cpp": "TEST(Journal, A20_a_failed_sync) {}", "tests/CMakeLists.txt": "add_test(NAME power_cut.nothing_is_lost COMMAND x)"}
CASES = [
    ("a promise with its tests", TEST | {GUARANTEES: TABLE + "| safe | `Journal.A20_a_failed_sync`, `Journal.A20_…`, `A20_…`, `power_cut.nothing_is_lost` |\n"}, None),
    ("a promise without a test", TEST | {GUARANTEES: TABLE + "| safe | the tests of `payswitchd` |\n"}, "a promise without a test"),
    ("a test that is gone", TEST | {GUARANTEES: TABLE + "| safe | `Journal.A20_a_failed_write` |\n"}, "no test Journal.A20_a_failed_write"),
    ("a beginning that nothing has", TEST | {GUARANTEES: TABLE + "| safe | `Journal.A21_…` |\n"}, "no test Journal.A21_…"),
    ("a number without a test", TEST | {"docs/decisions/1.md": "We are wrong if `A21_…` fails.\n"}, "no test A21_…"),
    ("a suite that no test has", TEST | {GUARANTEES: TABLE + "| safe | `A20_…`, `Cuts.nothing_is_lost` |\n"}, "no test Cuts.nothing_is_lost"),
    ("a file name is not a test", {"docs/a.md": "See `later.txt` and `conf.toml`.\n"}, None),
]

if __name__ == "__main__":
    support.main(check, CASES)
