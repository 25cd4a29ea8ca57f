"""./dev bench: runs groups of measurements and prints medians, spread, CPU per operation and the figures made of them."""

import argparse
import importlib
import json
import os
import pathlib
import sys
import time

import measure

GROUPS = ("engine", "http", "border", "peers", "cross")


class Context:
    """What every group needs: where the programs are, and how long a run takes."""

    def __init__(self, build, seconds):
        self.build = pathlib.Path(build).resolve()
        self.seconds = seconds

    def daemon(self):
        there = (self.build / "bin/payswitchd").exists()
        if not there:
            say("payswitchd is not built: only the others are measured")
        return there


def say(text):
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{' '.join(GROUPS)} (default: all)")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--json", metavar="FILE", help="write the figures as a list of {id,value,unit,baseline,ratio,min,max,runs}")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one run")
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {' '.join(sorted(unknown))}")
    context = Context(options.build, options.seconds)
    started, all_rows = time.monotonic(), []
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {options.runs} interleaved runs of {options.seconds:g} s each")
    for name in options.groups or GROUPS:
        say(f"==> {name}")
        group = importlib.import_module(f"group_{name}")
        session = measure.Session(options.runs, say)
        group.run(context, session)
        for line in session.table():
            say(line)
        rows = session.judge(group.FIGURES)
        measure.print_figures(rows, say)
        all_rows += rows
        missing = {figure.id for figure in group.FIGURES} - {row["id"] for row, _, _ in rows}
        if missing:
            say(f"not measured: {' '.join(sorted(missing))}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([row for row, _, _ in all_rows], indent=1) + "\n")
    reached = sum(1 for _, good, _ in all_rows if good)
    say(f"{reached} of {len(all_rows)} figures reached, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.exit(main())
