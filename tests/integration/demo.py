"""./dev demo: the real daemon with the embedded ledger, shown and checked. Needs nothing but what was built.

Prints each request and its answer. The last line is "demo: ok, N checks" with exit status 0, or the first check that failed and 1."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import payswitch  # noqa: E402

SHOWN = ("status", "reason_code", "code", "class", "title", "detail", "id", "number", "amount", "posted_amount", "currency", "payer", "payee",
         "balance", "available", "debits_pending", "balances")


class Failed(Exception):
    pass


class Demo:
    def __init__(self, daemon):
        self.daemon = daemon
        self.checks = 0

    def chapter(self, title):
        print(f"\n{title}\n{'-' * len(title)}", flush=True)

    def tell(self, text):
        print(f"  {text}", flush=True)

    def check(self, what, good, seen=""):
        self.checks += 1
        if not good:
            raise Failed(f"{what}{f': {seen}' if seen != '' else ''}")
        print(f"  ok: {what}", flush=True)

    def ask(self, method, path, body=None, key=None, **headers):
        """Sends one request and shows it with its answer."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers["Idempotency-Key"] = key
        notes = "".join(f"   {name}: {value}" for name, value in headers.items())
        print(f"> {method} {path}{notes}", flush=True)
        if body is not None:
            print(f">   {json.dumps(body, ensure_ascii=False)}", flush=True)
        answer = self.daemon.request(method, path, body, headers)
        replayed = "   Idempotent-Replayed: true" if answer.headers.get("Idempotent-Replayed") else ""
        try:
            content = answer.json
            shown = {name: content[name] for name in SHOWN if name in content} or content
            text = json.dumps(shown, ensure_ascii=False)
        except ValueError:
            text = answer.body
        print(f"< {answer.status}{replayed}\n<   {text}", flush=True)
        return answer

    def balance(self, account):
        return self.daemon.request("GET", f"/v1/accounts/{account}/balance").json

    # ---- the story ----

    def accounts_and_money(self):
        self.chapter("Accounts and money")
        for number, owner in (("mj-1001", "Minji"), ("mj-1002", "Juho"), ("mj-1003", "Sora")):
            answer = self.ask("POST", "/v1/accounts", {"number": number, "currency": "KRW", "metadata": {"name": owner}}, key=f"open-{number}")
            self.check(f"account {number} is open", answer.status == 201 and answer.json["number"] == number, answer.body)
        answer = self.ask("POST", "/v1/deposits", {"account": "mj-1001", "amount": "50000", "currency": "KRW"}, key="salary")
        self.check("50,000 won are deposited", answer.status == 201 and self.balance("mj-1001")["balance"] == "50000", answer.body)
        first = answer
        answer = self.ask("POST", "/v1/deposits", {"account": "mj-1001", "amount": "50000", "currency": "KRW"}, key="salary")
        self.check("the same key again: the same answer, and no second deposit",
                   answer.status == 201 and answer.headers.get("Idempotent-Replayed") == "true" and answer.json["id"] == first.json["id"]
                   and self.balance("mj-1001")["balance"] == "50000", answer.body)
        answer = self.ask("POST", "/v1/withdrawals", {"account": "mj-1001", "amount": "10000", "currency": "KRW"}, key="cash")
        self.check("10,000 won are withdrawn", answer.status == 201 and self.balance("mj-1001")["balance"] == "40000", answer.body)
        answer = self.ask("POST", "/v1/transfers", {"payer": "mj-1001", "payee": "mj-1002", "amount": "15000", "currency": "KRW",
                                                    "reference": "rent March"}, key="rent")
        self.check("15,000 won are transferred", answer.status == 201 and answer.json["status"] == "completed", answer.body)
        self.check("both balances are right", (self.balance("mj-1001")["balance"], self.balance("mj-1002")["balance"]) == ("25000", "15000"))
        answer = self.ask("GET", f"/v1/transfers/{answer.json['id']}")
        self.check("the transfer shows its history", answer.status == 200 and len(answer.json["history"]) >= 1, answer.body)

    def refusals(self):
        self.chapter("Refusals")
        too_much = {"payer": "mj-1002", "payee": "mj-1001", "amount": "15001", "currency": "KRW"}
        answer = self.ask("POST", "/v1/transfers", too_much, key="too-much")
        self.check("one won more than there is: insufficient_funds", (answer.status, answer.json["code"]) == (422, "insufficient_funds"), answer.body)
        answer = self.ask("POST", "/v1/withdrawals", {"account": "mj-1003", "amount": "1", "currency": "KRW"}, key="too-much-ko", Accept_Language="ko")
        self.check("the same in Korean says 잔액부족", answer.status == 422 and "잔액" in answer.body and answer.json["code"] == "insufficient_funds",
                   answer.body)
        answer = self.ask("POST", "/v1/transfers", {**too_much, "amount": "15000"}, key="too-much")
        self.check("a used key with other content is refused", (answer.status, answer.json["code"]) == (422, "idempotency_key_reused"), answer.body)
        answer = self.ask("POST", "/v1/transfers", {**too_much, "amount": "-5"}, key="negative")
        self.check("a negative amount is refused, and the field is named", answer.status == 400 and answer.json["code"] == "amount_invalid"
                   and "amount" in answer.body, answer.body)
        answer = self.ask("POST", "/v1/transfers", {**too_much, "amount": "1", "payee": "mj-1999"}, key="nobody")
        self.check("an unknown payee is refused", (answer.status, answer.json["code"]) == (422, "payee_not_found"), answer.body)
        answer = self.ask("POST", "/v1/transfers", {**too_much, "amount": "1"})
        self.check("without a key nothing moves", (answer.status, answer.json["code"]) == (400, "idempotency_key_required"), answer.body)
        self.check("no refusal moved a won", [self.balance(f"mj-100{n}")["balance"] for n in (1, 2, 3)] == ["25000", "15000", "0"])

    def holds(self):
        self.chapter("Holds")
        hold = {"payer": "mj-1001", "payee": "mj-1003", "amount": "8000", "currency": "KRW", "mode": "hold"}
        first = self.ask("POST", "/v1/transfers", hold, key="hotel")
        self.check("8,000 won are held", first.status == 202 and first.json["status"] == "held", first.body)
        balance = self.ask("GET", "/v1/accounts/mj-1001/balance").json
        self.check("held money is still in the balance, but not available", (balance["balance"], balance["available"]) == ("25000", "17000"), balance)
        answer = self.ask("POST", f"/v1/transfers/{first.json['id']}/post", {"amount": "6500"}, key="hotel-bill")
        self.check("6,500 of it are posted, the rest is released", answer.status == 200 and answer.json["status"] == "completed", answer.body)
        self.check("the payee has 6,500", self.balance("mj-1003")["balance"] == "6500")
        second = self.ask("POST", "/v1/transfers", {**hold, "amount": "5000"}, key="car")
        answer = self.ask("POST", f"/v1/transfers/{second.json['id']}/void", {}, key="car-back")
        self.check("another hold is voided", answer.status == 200 and answer.json["state"] == "voided", answer.body)
        self.check("its money is available again", self.balance("mj-1001")["available"] == "18500")

    def crash(self):
        self.chapter("kill -9 in the middle")
        acknowledged, unknown = {}, {}
        stop = threading.Event()

        def client(number):
            count = 0
            while not stop.is_set() and count < 500:
                key = f"storm-{number}-{count}"
                payer, payee = (("mj-1001", "mj-1002"), ("mj-1002", "mj-1001"))[count % 2]
                body = {"payer": payer, "payee": payee, "amount": "1", "currency": "KRW"}
                try:
                    answer = self.daemon.post("/v1/transfers", key, body)
                    if answer.status == 201:
                        acknowledged[key] = (answer.json["id"], body)
                    else:
                        unknown[key] = body
                except (OSError, ValueError):
                    unknown[key] = body
                    return
                except Exception as broken:  # http.client has errors of its own for an answer cut short
                    if type(broken).__module__ != "http.client":
                        raise
                    unknown[key] = body
                    return
                count += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(acknowledged) < 200 and time.monotonic() < deadline:
            time.sleep(0.005)
        self.daemon.kill()
        stop.set()
        for thread in threads:
            thread.join()
        self.tell(f"killed with {len(acknowledged)} transfers acknowledged and {len(unknown)} requests without an answer")
        self.check("there was a storm to be killed in", len(acknowledged) >= 200, len(acknowledged))
        started = time.monotonic()
        self.daemon.start()
        self.tell(f"started again and ready after {(time.monotonic() - started) * 1000:.0f} ms")
        lost = [key for key, (ident, _) in acknowledged.items()
                if self.daemon.request("GET", f"/v1/transfers/{ident}").json.get("status") != "completed"]
        self.check(f"every one of the {len(acknowledged)} acknowledged transfers is still there", not lost, lost[:3])
        again = next(iter(acknowledged))
        answer = self.ask("POST", "/v1/transfers", acknowledged[again][1], key=again)
        self.check("an acknowledged key replays its answer", answer.status == 201 and answer.json["id"] == acknowledged[again][0]
                   and answer.headers.get("Idempotent-Replayed") == "true", answer.body)
        replayed = 0
        for key, body in unknown.items():
            answer = self.daemon.post("/v1/transfers", key, body)
            replayed += answer.headers.get("Idempotent-Replayed") == "true"
            if answer.status != 201:
                raise Failed(f"a request without an answer was sent again: {answer.body}")
        self.check(f"the {len(unknown)} requests without an answer are sent again with their keys: {replayed} had happened, the others happen now", True)
        total = sum(int(self.balance(f"mj-100{n}")["balance"]) for n in (1, 2, 3))
        self.check("no won was made or lost: 50,000 in, 10,000 out, 40,000 here", total == 40000, total)

    def shutdown(self):
        self.chapter("Shutdown")
        self.check("SIGTERM drains and ends with 0", self.daemon.stop() == 0, self.daemon.output())
        verify = subprocess.run([str(self.daemon.build / "bin/payswitchctl"), "ledger", "verify", str(self.daemon.folder / "books")],
                                capture_output=True, text=True, stdin=subprocess.DEVNULL)
        for line in (verify.stdout + verify.stderr).splitlines():
            self.tell("| " + line)
        self.check("payswitchctl ledger verify finds every invariant kept", verify.returncode == 0)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--build", default="build/release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payswitch-demo-") as folder:
        daemon = payswitch.Daemon(options.build, folder)
        demo = Demo(daemon)
        try:
            print(f"payswitchd with the embedded ledger in {folder}, API on 127.0.0.1:{daemon.port}, no other server", flush=True)
            daemon.start()
            demo.check("the daemon is ready", True)
            demo.accounts_and_money()
            demo.refusals()
            demo.holds()
            demo.crash()
            demo.shutdown()
        except (Failed, OSError, RuntimeError, KeyError, ValueError) as failed:
            print(f"\ndemo: FAILED after {demo.checks} checks: {failed}", flush=True)
            if daemon.output():
                print(daemon.output(), file=sys.stderr)
            return 1
        finally:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
    print(f"\ndemo: ok, {demo.checks} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
