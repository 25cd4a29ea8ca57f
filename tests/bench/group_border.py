"""border: what one operation with a full decision record costs between host and plugin, in batches of 64, one thread."""

import json
import subprocess

import measure

FIGURES = [measure.Absolute("border.op_ns", "ns/operation", "border.op", "cpu_ns", ("<=", 30))]


def run(context, session):
    def once(name):
        def measured():
            out = subprocess.run([str(context.build / "bench/border_bench"), str(context.build / "bench"), str(context.seconds)],
                                 capture_output=True, text=True)
            if out.returncode != 0:
                raise RuntimeError(f"border_bench: {out.stderr.strip()}")
            ns = json.loads(out.stdout)[name]
            return measure.Sample(1e9 / ns, ns / 1e3)
        return measured
    session.interleave({"border.op": once("op_ns"), "border.whole_path": once("path_ns")})
