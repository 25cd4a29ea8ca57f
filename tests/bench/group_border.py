"""border: what one operation with a full decision record costs between host and plugin, in batches of 64, on one thread and across a thread;
and how long ten plugins take to load."""

import json
import subprocess

import measure

FIGURES = [measure.Absolute("border.op_ns", "ns/operation", "border.op", "cpu_ns", ("<=", 30)),
           measure.Absolute("border.hop_ns", "ns CPU/operation", "border.hop", "cpu_ns", ("<=", 500)),
           measure.Absolute("border.load_10_ms", "ms", "border.load", "value", ("<=", 100))]


def run(context, session):
    def figures(*arguments):
        out = subprocess.run([str(context.build / "bench/border_bench"), *map(str, arguments)], capture_output=True, text=True)
        if out.returncode != 0:
            raise RuntimeError(f"border_bench: {out.stderr.strip()}")
        return json.loads(out.stdout)

    def nanoseconds(what, name):
        def measured():
            ns = figures(what, context.build / "bench", context.seconds)[name]
            return measure.Sample(1e9 / ns, ns / 1e3)
        return measured

    def load():
        ms = figures("load", *sorted((context.build / "plugins").glob("*.so")))["load_10_ms"]
        return measure.Sample(1e4 / ms, 0, value=ms)
    session.interleave({"border.op": nanoseconds("op", "op_ns"), "border.whole_path": nanoseconds("op", "path_ns"),
                        "border.hop": nanoseconds("hop", "hop_ns"), "border.load": load})
