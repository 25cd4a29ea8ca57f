"""http: what a request costs beside nginx, what durability costs, and how long one client waits beside one raw sync."""

import contextlib

import load
import measure
import servers

ACCOUNTS = 10_000
# What one transfer alone writes is about this much; the raw loop's time hardly depends on it.
RAW_BYTES = 768

FIGURES = [
    measure.Figure("http.cpu_vs_nginx", "us CPU/request", "payswitch.validated_post", ["nginx.static"], "cpu_us", ("<=", 1.15)),
    measure.Figure("http.cpu_vs_nginx.key", "us CPU/request", "payswitch.validated_post.key", ["nginx.static"], "cpu_us", ("<=", 1.4)),
    measure.Figure("http.sync_vs_nosync", "transfers/s", "payswitch.transfer.512", ["payswitch.nosync.512"], "rate", (">=", 0.75)),
    measure.Figure("http.p50_vs_fdatasync", "us", "payswitch.transfer.1", ["raw.fdatasync"], "p50_us", ("<=", 1.8)),
]


def run(context, session):
    with contextlib.ExitStack() as stack:
        nginx = stack.enter_context(servers.Nginx())
        subjects = {
            "nginx.static": lambda: load.http(context.build, nginx, "get", {200}, connections=64, seconds=context.seconds),
            "raw.fdatasync": lambda: load.raw_sync(context.build, nginx.folder, RAW_BYTES, context.seconds),
        }
        if context.daemon():
            switch = stack.enter_context(servers.Payswitch(context.build))
            nosync = stack.enter_context(servers.Payswitch(context.build, nosync=True))
            for server in (switch, nosync):
                load.open_accounts(context.build, server, ACCOUNTS)

            def transfer(server, connections):
                return lambda: load.http(context.build, server, "transfer", {201}, connections=connections, seconds=context.seconds, accounts=ACCOUNTS)
            subjects["payswitch.validated_post"] = lambda: load.http(
                context.build, switch, "invalid", {400}, connections=64, seconds=context.seconds, accounts=ACCOUNTS)
            key = switch.key()
            subjects["payswitch.validated_post.key"] = lambda: load.http(
                context.build, switch, "invalid", {400}, connections=64, seconds=context.seconds, accounts=ACCOUNTS, key=key)
            subjects["payswitch.transfer.512"] = transfer(switch, 512)
            subjects["payswitch.nosync.512"] = transfer(nosync, 512)
            subjects["payswitch.transfer.1"] = transfer(switch, 1)
        session.interleave(subjects)
