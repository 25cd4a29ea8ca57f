"""Two payswitchd, bank mj and bank jh, joined by peer_http: mutual TLS, signed requests and answers, money both ways.

usage: two_banks.py --build BUILD      certificates and keys are made here, with openssl; last line "two banks: ok, N checks"
"""

import argparse
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import peer_banks  # noqa: E402

START = 1_000_000
CLIENTS, PAYMENTS = 8, 15  # each way
checks = 0


def check(what, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(f"{what} {detail}")


def settled(daemon, transfer, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = daemon.request("GET", f"/v1/transfers/{transfer}").json["status"]
        if status in ("completed", "failed"):
            return status
        time.sleep(0.1)
    return status


def run(build, folder):
    mj, jh = peer_banks.pair(build, folder)
    try:
        for daemon, name in ((mj, "mj"), (jh, "jh")):
            daemon.start()
            check("account", daemon.post("/v1/accounts", "open", {"currency": "KRW", "number": f"{name}-1"}).status == 201)
            answer = daemon.post("/v1/deposits", "cash", {"account": f"{name}-1", "amount": str(START), "currency": "KRW"})
            check("deposit", answer.status == 201, answer.body)
        status, said = mj.control("connector", "jh-http", "hello")
        check("hello", status == 0 and "bank:     jh" in said, said)

        there = mj.pay("mj-1", "jh-1", 15000, "there")
        check("mj to jh is completed", there.json.get("status") == "completed", there.body)
        back = jh.pay("jh-1", "mj-1", 4000, "back")
        check("jh to mj is completed", back.json.get("status") == "completed", back.body)
        check("the payer paid, and got", mj.balance("mj-1") == START - 15000 + 4000)
        check("the payee got, and paid", jh.balance("jh-1") == START + 15000 - 4000)
        again = mj.pay("mj-1", "jh-1", 15000, "there")
        check("the same key is the same transfer", again.json["id"] == there.json["id"])
        refused = mj.pay("mj-1", "jh-nobody", 1, "nobody")
        check("a refusal is recorded and voids", refused.json.get("reason_code", refused.json.get("code")) == "payee_not_found" or "payee_not_found" in refused.body, refused.body)

        # Both ways at once, while one bank is killed in the middle and comes back. No transfer is lost, none counts twice.
        told = {"mj": [], "jh": []}
        started = threading.Barrier(2 * CLIENTS + 1)

        def client(daemon, us, them, n):
            started.wait()
            for i in range(PAYMENTS):
                key = f"storm-{n}-{i}"
                last = None
                for _ in range(200):  # as any client: the same key until there is an answer with a transfer
                    try:
                        answer = daemon.pay(f"{us}-1", f"{them}-1", 7, key)
                    except OSError:
                        time.sleep(0.05)
                        continue
                    last = f"{answer.status} {answer.body}"
                    transfer = answer.json.get("id") or answer.json.get("transfer_id")  # a refusal names the transfer it is recorded with
                    if transfer:
                        told[us].append(transfer)
                        break
                    time.sleep(0.05)
                else:
                    print(us, key, last, file=sys.stderr)

        threads = [threading.Thread(target=client, args=(daemon, us, them, n)) for daemon, us, them in ((mj, "mj", "jh"), (jh, "jh", "mj")) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        started.wait()
        time.sleep(0.3)
        jh.kill()
        time.sleep(0.5)
        jh.start()
        for thread in threads:
            thread.join()
        moved = {}
        for daemon, us in ((mj, "mj"), (jh, "jh")):
            states = [settled(daemon, transfer) for transfer in told[us]]
            check(f"every transfer of {us} has an id", len(states) == len(set(told[us])) == CLIENTS * PAYMENTS, str(len(states)))
            check(f"every transfer of {us} is final", set(states) <= {"completed", "failed"}, str(set(states)))
            moved[us] = 7 * states.count("completed")
        net = 15000 - 4000 + moved["mj"] - moved["jh"]
        check("the sums agree to the last unit", (mj.balance("mj-1"), jh.balance("jh-1")) == (START - net, START + net), str(moved))
        print("storm: completed", moved["mj"] // 7, "and", moved["jh"] // 7, "of", CLIENTS * PAYMENTS, "each way")
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
    with tempfile.TemporaryDirectory(prefix="payswitch-two-banks-") as folder:
        run(parser.parse_args().build, pathlib.Path(folder))
    print(f"two banks: ok, {checks} checks")


if __name__ == "__main__":
    main()
