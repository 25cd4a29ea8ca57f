"""No translation unit costs more than 20 CPU-seconds in release: two cores build this.

The release preset's launcher (tests/support/unit_cost_launcher) leaves OBJECT.cost beside an object when it was really compiled. Units
that came out of the compiler cache have no figure; of those the two with the largest objects are compiled again here, without the
cache, so that the check never rests on nothing."""

import json
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile

LIMIT_SECONDS = 20.0
MEASURED_HERE = 2
# A unit smaller than this cannot be one of the expensive ones.
OBJECT_BYTES_MIN = 300_000


def units(build):
    """(source, object, command) of each unit."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        target = words[words.index("-o") + 1]
        yield pathlib.Path(entry["file"]), pathlib.Path(entry["directory"]) / target, words


def compile_again(words):
    """CPU seconds of compiling once more, result thrown away."""
    start = next(i for i, word in enumerate(words) if not word.endswith(("ccache", "unit_cost_launcher")))
    command = words[start:]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command[command.index("-o") + 1] = str(pathlib.Path(folder) / "unit.o")
        for flag in ("-MF", "-MT"):
            if flag in command:
                command[command.index(flag) + 1] = str(pathlib.Path(folder) / "unit.d")
        subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check(build):
    """(complaints, figures) where figures = {source: seconds}."""
    figures, unknown = {}, []
    for source, target, words in units(build):
        cost = target.with_name(target.name + ".cost")
        if cost.exists():
            figures[source] = float(cost.read_text())
        elif target.exists() and target.stat().st_size >= OBJECT_BYTES_MIN:
            unknown.append((target.stat().st_size, source, target, words))
    for _, source, target, words in sorted(unknown, key=lambda u: u[0], reverse=True)[:MEASURED_HERE]:
        figures[source] = compile_again(words)
        target.with_name(target.name + ".cost").write_text(f"{figures[source]:.1f}\n")
    wrong = [f"{source}: {seconds:.1f} CPU-seconds, more than {LIMIT_SECONDS:.0f}" for source, seconds in figures.items() if seconds > LIMIT_SECONDS]
    return wrong, figures


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        rows = [{"directory": folder, "file": f"/src/{n}.cpp", "command": f"ccache g++ -O2 -o {n}.o -c /src/{n}.cpp"} for n in ("cheap", "dear")]
        (build / "compile_commands.json").write_text(json.dumps(rows))
        (build / "cheap.o.cost").write_text("19.9\n")
        assert check(build)[0] == [], "a cheap unit passes"
        (build / "dear.o.cost").write_text("20.1\n")
        assert [w.split(":")[0] for w in check(build)[0]] == ["/src/dear.cpp"], "an expensive unit is named"
        # A unit without a figure is measured: this one compiles in a moment, and its figure appears.
        source = build / "fresh.cpp"
        source.write_text("int main() { return 0; }\n")
        (build / "fresh.o").write_bytes(b"x" * OBJECT_BYTES_MIN)
        row = {"directory": folder, "file": str(source), "command": f"ccache g++ -O2 -MD -MF fresh.d -o fresh.o -c {source}"}
        (build / "compile_commands.json").write_text(json.dumps([row]))
        figures = check(build)[1]
        assert 0 < figures[source] < LIMIT_SECONDS, "a unit from the cache is measured here"
    print("3 of 3 planted cases judged rightly")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    complaints, known = check(pathlib.Path(sys.argv[1]))
    print(*complaints, sep="\n")
    for path, cpu in sorted(known.items(), key=lambda item: item[1], reverse=True)[:5]:
        print(f"{cpu:6.1f} s  {path}")
    print(f"{len(known)} units have a figure, {sum(known.values()):.0f} CPU-seconds together")
    sys.exit(1 if complaints else 0)
