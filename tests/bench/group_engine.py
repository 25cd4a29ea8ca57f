"""engine: the embedded ledger without HTTP beside a raw loop of pwrite and fdatasync of the same bytes, at batches of 1 to 256."""

import contextlib
import json
import shutil
import subprocess
import tempfile

import load
import measure
import servers

BATCHES = (1, 16, 64, 256)
REACH = {1: 0.9, 16: 0.85, 64: 0.8, 256: 0.6}

FIGURES = [measure.Figure(f"engine.vs_raw.{n}", "transfers/s", f"engine.{n}", [f"raw.{n}"], "rate", (">=", REACH[n])) for n in BATCHES]


def engine(context, batch, seconds, *kind):
    """(sample, bytes written per batch); kind: of engine_bench, if it is not local transfers"""
    folder = tempfile.mkdtemp(prefix="payswitch-bench-engine-", dir=servers.FOLDER)
    try:
        out = subprocess.run([str(context.build / "bench/engine_bench"), str(context.build / "plugins"), f"{folder}/books", str(batch), str(seconds), *kind],
                             capture_output=True, text=True)
        if out.returncode != 0:
            raise RuntimeError(f"engine_bench: {out.stderr.strip()}")
        said = json.loads(out.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rate = said["count"] / said["seconds"]
    return measure.Sample(rate, said["cpu_seconds"] * 1e6 / said["count"], batch / rate * 1e6), said["bytes_per_batch"]


def raw(context, folder, batch, size):
    sample = load.raw_sync(context.build, folder, size, context.seconds)
    return measure.Sample(sample.rate * batch, sample.cpu_us / batch, sample.p50_us, sample.p99_us)


def run(context, session):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="payswitch-bench-raw-", dir=servers.FOLDER))
        subjects = {}
        for batch in BATCHES:
            _, size = engine(context, batch, 0.5)  # what one batch writes
            session.say(f"  a batch of {batch} writes {size} bytes")
            subjects[f"engine.{batch}"] = lambda batch=batch: engine(context, batch, context.seconds)[0]
            subjects[f"raw.{batch}"] = lambda batch=batch, size=size: raw(context, folder, batch, size)
        session.interleave(subjects)
