"""What two real switches remember of each other: a bank whose books are put back is closed at its first word, over peer_http and TLS; what
is stored is repeated, nothing new is decided or sent, and an operator opens it again. Beforehand: payments both ways at once, of which
none may be taken for lost history.

usage: peer_history.py --build BUILD      last line "peer history: ok, N checks"
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import peer_banks  # noqa: E402

checks = 0
CLIENTS, PAYMENTS = 32, 8  # each way at once


def check(what, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(f"{what} {detail}")


def peer(daemon, *arguments):
    status, text = daemon.control("--json", "peer", *arguments)
    try:
        answer = json.loads(text.splitlines()[-1] if text.strip() else "{}")
        return status, answer.get("result", answer)
    except ValueError:
        return status, {"text": text}


def state(daemon, bank):
    return peer(daemon, "show", bank)[1]


def eventually(what, holds, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return check(what, True)
        time.sleep(0.1)
    check(what, False)


def storm(mj, jh):
    unpaid = []

    def client(daemon, us, them, n):
        for i in range(PAYMENTS):
            answer = daemon.pay(f"{us}-1", f"{them}-1", 1, f"storm-{n}-{i}")
            if answer.json.get("status") not in ("completed", "processing", "in_doubt"):
                unpaid.append(answer.body)

    threads = [threading.Thread(target=client, args=(d, a, b, n)) for d, a, b in ((mj, "mj", "jh"), (jh, "jh", "mj")) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("every payment of the storm is taken", not unpaid, unpaid[:1])
    for daemon, bank in ((mj, "jh"), (jh, "mj")):
        check("nobody is taken for one that lost history", state(daemon, bank).get("state") == "open", state(daemon, bank))


def run(build, folder):
    mj, jh = peer_banks.pair(build, folder)
    try:
        for daemon in (mj, jh):
            daemon.start()
            check("account", daemon.post("/v1/accounts", "open", {"currency": "KRW", "number": f"{daemon.name}-1"}).status == 201)
            check("deposit", daemon.post("/v1/deposits", "cash", {"account": f"{daemon.name}-1", "amount": "1000000", "currency": "KRW"}).status == 201)
        check("nobody was met yet", state(mj, "jh")["state"] == "not met yet", state(mj, "jh"))
        check("first contact", mj.pay("mj-1", "jh-1", 100, "first").json["status"] == "completed")
        status, tested = peer(mj, "test", "jh")
        check("peer test", status == 0 and tested["is_the_pinned_ledger"] and abs(tested["clock_offset_ms"]) < 1000 and tested["signed_with"] == "mj-1", tested)
        for daemon, bank in ((mj, "jh"), (jh, "mj")):
            eventually("the ledger is pinned", lambda d=daemon, b=bank: len(state(d, b).get("pinned_ledger", "")) == 32)
        storm(mj, jh)

        # A copy of jh's books, ten payments that it does not know, and the copy in their place.
        check("jh stops", jh.stop() == 0)
        shutil.copytree(jh.folder / "books", jh.folder / "copy")
        jh.start()
        eventually("jh is back", lambda: mj.pay("mj-1", "jh-1", 100, "kept").json.get("status") == "completed")
        for i in range(20):
            check("paid", mj.pay("mj-1", "jh-1", 100, f"forgotten-{i}").json["status"] == "completed")
        time.sleep(1)
        check("jh stops", jh.stop() == 0)
        shutil.rmtree(jh.folder / "books")
        (jh.folder / "copy").rename(jh.folder / "books")
        jh.start()

        answer = mj.pay("mj-1", "jh-1", 5000, "after", wait=2)
        check("the first payment is not decided by its word", answer.json.get("status") in ("in_doubt", "processing") or answer.status == 503, answer.body)
        eventually("jh is closed", lambda: state(mj, "jh")["state"] == "closed")
        shown = state(mj, "jh")
        check("and why", shown["why"] == "position_back" and shown["it_says"]["position"] < shown["it_had_told"]["position"], shown)
        check("the log says so", "PSW-APP-023" in mj.output(), mj.output())
        refused = mj.pay("mj-1", "jh-1", 5000, "new")
        check("no new money", refused.status == 503 and refused.json["code"] == "peer_closed", refused.body)
        again = mj.pay("mj-1", "jh-1", 100, "first")
        check("what is stored is repeated", again.json["status"] == "completed" and again.headers["Idempotent-Replayed"] == "true")
        check("and it stays closed over a restart", mj.stop() == 0)
        mj.start()
        check("still closed", mj.pay("mj-1", "jh-1", 5000, "new").json.get("code") == "peer_closed")
        before = mj.balance("mj-1")
        back = jh.pay("jh-1", "mj-1", 70, "back", wait=1)
        check("nothing of jh is decided", back.json.get("status") in ("processing", "in_doubt") and mj.balance("mj-1") == before, back.body)

        status, said = mj.control("peer", "open", "jh", "--yes")
        check("opened", status == 0, said)
        check("new payments pass", mj.pay("mj-1", "jh-1", 5000, "new").json["status"] == "completed")
        eventually("what was sent back is decided", lambda: jh.request("GET", f"/v1/transfers/{back.json['id']}").json["status"] == "completed", 60)
        if "id" in answer.json:
            eventually("what was in doubt is decided", lambda: mj.request("GET", f"/v1/transfers/{answer.json['id']}").json["status"] in ("completed", "failed"), 60)
        check("it stays open", state(mj, "jh")["state"] == "open", state(mj, "jh"))
        status, said = mj.control("peer", "close", "jh", "--yes")
        check("closed by hand", status == 0 and mj.pay("mj-1", "jh-1", 1, "x").json.get("code") == "peer_closed", said)
    except Exception:
        print("mj:", mj.output(), "jh:", jh.output(), sep="\n", file=sys.stderr)
        raise
    finally:
        for daemon in (mj, jh):
            if daemon.process is not None:
                daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    with tempfile.TemporaryDirectory(prefix="payswitch-peer-history-") as folder:
        run(parser.parse_args().build, folder)
    print(f"peer history: ok, {checks} checks")


if __name__ == "__main__":
    main()
