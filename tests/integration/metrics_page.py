"""docs/reference/metrics.md is what a running daemon serves: same metrics, types and texts. `--write` writes the page."""

import argparse
import pathlib
import re
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import payswitch  # noqa: E402

PAGE = "docs/reference/metrics.md"
HEAD = """# Metrics

Generated from what a running daemon serves (`tests/integration/metrics_page.py --write`); do not edit. Prometheus text at `/metrics` of the
admin listener. What to look at first: [Running Payswitch](../operating/README.md). Counters begin at 0 with each start; plugins may
add metrics of their own.

| metric | type | labels | meaning |
|---|---|---|---|
"""
# Served once there was something to count.
ON_DEMAND = [("payswitch_transfers_in_doubt_minor_units", "gauge", "`currency`", "Money whose fate at another bank is unknown."),
             ("payswitch_repairs_open_minor_units", "gauge", "`currency`", "Money of open repairs.")]
PEER = """
[bank.jh]
prefix = ["jh-"]
receive_limit = { KRW = "1000000" }
exposure = { KRW = "1000000" }
in_doubt = { KRW = "1000000" }
[[connector]]
name = "jh-sim"
plugin = "sim_bank"
bank = "jh"
[[route]]
bank = "jh"
targets = ["jh-sim"]
"""


def served(text):
    """[(name, type, labels, help)] of Prometheus text, sorted."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    labels = {}
    for name, inside in re.findall(r"^(payswitch_\w+)(?:\{(.*)\})? \S+$", text, re.M):
        base = name if name in kinds else re.sub(r"_(bucket|sum|count)$", "", name)
        labels.setdefault(base, set()).update(set(re.findall(r'(\w+)="', inside)) - {"le"})
    helps = re.findall(r"^# HELP (\S+) (.*)$", text, re.M)
    return sorted((name, kinds[name], ", ".join(f"`{label}`" for label in sorted(labels.get(name, ()))), words.rstrip(".") + ".") for name, words in helps)


def rows(page):
    return re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*?) ?\| (.*) \|$", page, re.M)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payswitch-metrics-") as folder:
        daemon = payswitch.Daemon(arguments.build, folder, PEER)
        daemon.start()
        try:
            daemon.post("/v1/accounts", "a", {"number": "mj-1", "currency": "KRW"})
            daemon.post("/v1/deposits", "d", {"account": "mj-1", "amount": "5000", "currency": "KRW"})
            daemon.post("/v1/transfers", "t", {"payer": "mj-1", "payee": "jh-1", "amount": "1000", "currency": "KRW"}, Prefer="wait=2")
            text = urllib.request.urlopen(f"http://127.0.0.1:{daemon.admin}/metrics", timeout=10).read().decode()
        finally:
            daemon.stop()
    found = served(text)
    found = sorted(found + [row for row in ON_DEMAND if row[0] not in {name for name, *_ in found}])
    page = pathlib.Path(__file__).resolve().parents[2] / PAGE
    if arguments.write:
        page.write_text(HEAD + "".join(f"| `{name}` | {kind} | {labels} | {words} |\n" for name, kind, labels, words in found), encoding="utf-8")
        return 0
    # Labels that appear with their first event are not compared.
    is_there, should_be = ({(row[0], row[1], row[3]) for row in table} for table in (rows(page.read_text(encoding="utf-8")), found))
    for name, kind, words in sorted(is_there ^ should_be):
        print(f"{name} ({kind}, {words!r}): {'documented, not served so' if (name, kind, words) in is_there else f'served, not in {PAGE} so'}")
    print(f"{len(found)} metrics")
    return 1 if is_there != should_be or not found else 0


if __name__ == "__main__":
    sys.exit(main())
