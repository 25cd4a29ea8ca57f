"""Runs the C++ load generators and turns what they print into samples."""

import itertools
import json
import pathlib
import subprocess

import measure

_runs = itertools.count()


def http(build, server, mode, expect, **options):
    """One run of http_load against a server with .port and .cpu(). Any status outside of `expect` is an error."""
    command = [str(pathlib.Path(build) / "bench/http_load"), "--port", str(server.port), "--mode", mode, "--run", f"bench-{next(_runs)}"]
    for key, value in options.items():
        command += [f"--{key}"] if value is True else [] if value is False else [f"--{key}", str(value)]
    before = server.cpu()
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"http_load {mode}: {result.stderr.strip()}")
    cpu = server.cpu() - before
    said = json.loads(result.stdout)
    unexpected = {status: n for status, n in said["status"].items() if int(status) not in expect}
    if unexpected:
        raise RuntimeError(f"http_load {mode}: answers {unexpected}: {result.stderr.strip()}")
    return measure.Sample(said["count"] / said["seconds"], cpu * 1e6 / said["count"], said["p50_us"], said["p99_us"])


def raw_sync(build, folder, size, seconds):
    """One run of pwrite + fdatasync of `size` bytes."""
    out = subprocess.run([str(pathlib.Path(build) / "bench/raw_sync"), str(pathlib.Path(folder) / "raw"), str(size), str(seconds)],
                         capture_output=True, text=True, check=True).stdout
    said = json.loads(out)
    return measure.Sample(said["count"] / said["seconds"], said["cpu_seconds"] * 1e6 / said["count"], said["p50_us"], said["p99_us"])


def open_accounts(build, server, accounts, **options):
    http(build, server, "open", {201}, count=accounts, connections=64, **options)
    http(build, server, "deposit", {201}, count=accounts, accounts=accounts, connections=64, **options)
