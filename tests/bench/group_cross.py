"""cross: money from one bank to the other, two daemons joined by peer_http over mutual TLS. CPU is that of both daemons together.

cross.cpu_single    one client, so one transfer to an exchange, beside a local transfer of one client + 2 signatures + 2 checks + 25 us
cross.cpu_batch     512 clients, beside four local transfers of 512 clients
cross.p99_vs_local  so many requests a second as half of the largest rate, at 512 connections: p99 beside a local transfer's at half of its
cross.hot_clearing  what the payer's ledger writes, over one clearing account, beside the same over 10,000 of them"""

import contextlib
import dataclasses
import json
import subprocess
import tempfile

import group_engine
import load
import measure
import servers

import peer_banks

ACCOUNTS = 10_000
CLIENTS = 512
ENGINE_BATCH = 256
SINGLE_ROOM_US = 25

FIGURES = [
    measure.Figure("cross.cpu_single", "us CPU", "cross.1", ["ceiling.single"], "cpu_us", ("<=", 1)),
    measure.Figure("cross.cpu_batch", "us CPU", f"cross.{CLIENTS}", [f"local.{CLIENTS}"], "cpu_us", ("<=", 4)),
    measure.Figure("cross.p99_vs_local", "us", "cross.half", ["local.half"], "p99_us", ("<=", 3)),
    measure.Figure("cross.hot_clearing", "transfers/s", "clearing.one", ["clearing.spread"], "rate", (">=", 0.9)),
]


class Pair:
    """Both banks as one server: the load goes to mj, the CPU is that of both."""

    def __init__(self, build, options=""):
        self.folder = tempfile.TemporaryDirectory(prefix="payswitch-bench-cross-", dir=servers.FOLDER)
        self.banks = self.mj, self.jh = peer_banks.pair(build, self.folder.name, call_deadline="10s", options=options)
        self.port = self.mj.port

    def __enter__(self):
        for bank in self.banks:
            bank.start()
        return self

    def __exit__(self, *_):
        for bank in self.banks:
            bank.stop()
        self.folder.cleanup()

    def cpu(self):
        return sum(servers.cpu_seconds(bank.process.pid) for bank in self.banks)

    def exchanges(self):
        """(credits sent, signed calls) of mj since its start."""
        return tuple(self.mj.metric(name) for name in ("payswitch_peer_credits_sent_total", "payswitch_peer_exchanges_total"))

    def settled(self):
        """Both books agree and nothing is reserved; raises if not."""
        books = [json.loads(us.control("account", "show", f"clearing:{them.name}:KRW", "--json")[1])["result"] for us, them in (self.banks, self.banks[::-1])]
        if int(books[0]["balance"]["minor"]) != -int(books[1]["balance"]["minor"]) or any(int(b[side]["minor"]) for b in books for side in ("debits_pending", "credits_pending")):
            raise RuntimeError(f"the books of the two banks do not agree: {books}")


@dataclasses.dataclass
class One:
    """One of the banks by itself, for its local transfers and its accounts."""
    port: int
    pid: int

    def cpu(self):
        return servers.cpu_seconds(self.pid)


def signing(context, session):
    said = json.loads(subprocess.run([str(context.build / "bench/sign_bench"), "1"], capture_output=True, text=True, check=True).stdout)
    local = session.samples["local.1"][-1].cpu_us
    session.say(f"  a signature costs {said['sign_us']:.1f} us of CPU, a check {said['verify_us']:.1f}")
    return measure.Sample(0, local + 2 * (said["sign_us"] + said["verify_us"]) + SINGLE_ROOM_US)


def clearing(context, kind):
    return group_engine.engine(context, ENGINE_BATCH, context.seconds, kind)[0]


def run(context, session):
    if not context.daemon():
        return
    with contextlib.ExitStack() as stack:
        pair = stack.enter_context(Pair(context.build))
        one = One(pair.mj.port, pair.mj.process.pid)
        load.open_accounts(context.build, one, ACCOUNTS)
        load.open_accounts(context.build, One(pair.jh.port, pair.jh.process.pid), ACCOUNTS, prefix="jh-")

        def local(connections, **options):
            return load.http(context.build, one, "transfer", {201}, connections=connections, seconds=context.seconds, accounts=ACCOUNTS, **options)

        def cross(connections, **options):
            before = pair.exchanges()
            sample = load.http(context.build, pair, "transfer", {201}, connections=connections, seconds=context.seconds, accounts=ACCOUNTS,
                               **{"payee-prefix": "jh-"}, **options)
            sent, calls = (now - then for now, then in zip(pair.exchanges(), before))
            session.say(f"  {sent / max(1, calls):.1f} transfers to an exchange")
            return sample

        def half(what, name):
            return lambda: what(CLIENTS, rate=session.samples[name][-1].rate / 2)

        # In this order, each round: what a later one needs of an earlier one is of the same round.
        for number in range(session.runs):
            session.round(number, {
                "local.1": lambda: local(1),
                "cross.1": lambda: cross(1),
                "ceiling.single": lambda: signing(context, session),
                f"local.{CLIENTS}": lambda: local(CLIENTS),
                f"cross.{CLIENTS}": lambda: cross(CLIENTS),
                "local.half": half(local, f"local.{CLIENTS}"),
                "cross.half": half(cross, f"cross.{CLIENTS}"),
                "clearing.one": lambda: clearing(context, "one"),
                "clearing.spread": lambda: clearing(context, "spread"),
            })
        pair.settled()
