"""The first part of the demonstration: one bank, its own accounts. Money, refusals, holds, a crash under load."""

import threading
import time

from demo_telling import Failed


class OneBank:
    def __init__(self, telling, bank):
        self.telling = telling
        self.bank = bank

    def balance(self, account):
        return self.bank.request("GET", f"/v1/accounts/{account}/balance").json

    def run(self):
        self.accounts_and_money()
        self.refusals()
        self.holds()
        self.crash()

    def accounts_and_money(self):
        self.telling.chapter("Accounts and money")
        for number, owner in (("mj-1001", "Minji"), ("mj-1002", "Juho"), ("mj-1003", "Sora")):
            answer = self.telling.ask(self.bank, "POST", "/v1/accounts", {"number": number, "currency": "KRW", "metadata": {"name": owner}}, key=f"open-{number}")
            self.telling.check(f"account {number} is open", answer.status == 201 and answer.json["number"] == number, answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/deposits", {"account": "mj-1001", "amount": "50000", "currency": "KRW"}, key="salary")
        self.telling.check("50,000 won are deposited", answer.status == 201 and self.balance("mj-1001")["balance"] == "50000", answer.body)
        first = answer
        answer = self.telling.ask(self.bank, "POST", "/v1/deposits", {"account": "mj-1001", "amount": "50000", "currency": "KRW"}, key="salary")
        self.telling.check("the same key again: the same answer, and no second deposit",
                   answer.status == 201 and answer.headers.get("Idempotent-Replayed") == "true" and answer.json["id"] == first.json["id"]
                   and self.balance("mj-1001")["balance"] == "50000", answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/withdrawals", {"account": "mj-1001", "amount": "10000", "currency": "KRW"}, key="cash")
        self.telling.check("10,000 won are withdrawn", answer.status == 201 and self.balance("mj-1001")["balance"] == "40000", answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", {"payer": "mj-1001", "payee": "mj-1002", "amount": "15000", "currency": "KRW",
                                                    "reference": "rent March"}, key="rent")
        self.telling.check("15,000 won are transferred", answer.status == 201 and answer.json["status"] == "completed", answer.body)
        self.telling.check("both balances are right", (self.balance("mj-1001")["balance"], self.balance("mj-1002")["balance"]) == ("25000", "15000"))
        answer = self.telling.ask(self.bank, "GET", f"/v1/transfers/{answer.json['id']}")
        self.telling.check("the transfer shows its history", answer.status == 200 and len(answer.json["history"]) >= 1, answer.body)

    def refusals(self):
        self.telling.chapter("Refusals")
        too_much = {"payer": "mj-1002", "payee": "mj-1001", "amount": "15001", "currency": "KRW"}
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", too_much, key="too-much")
        self.telling.check("one won more than there is: insufficient_funds", (answer.status, answer.json["code"]) == (422, "insufficient_funds"), answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/withdrawals", {"account": "mj-1003", "amount": "1", "currency": "KRW"}, key="too-much-ko", Accept_Language="ko")
        self.telling.check("the same in Korean says 잔액부족", answer.status == 422 and "잔액" in answer.body and answer.json["code"] == "insufficient_funds",
                   answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", {**too_much, "amount": "15000"}, key="too-much")
        self.telling.check("a used key with other content is refused", (answer.status, answer.json["code"]) == (422, "idempotency_key_reused"), answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", {**too_much, "amount": "-5"}, key="negative")
        self.telling.check("a negative amount is refused, and the field is named", answer.status == 400 and answer.json["code"] == "amount_invalid"
                   and "amount" in answer.body, answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", {**too_much, "amount": "1", "payee": "mj-1999"}, key="nobody")
        self.telling.check("an unknown payee is refused", (answer.status, answer.json["code"]) == (422, "payee_not_found"), answer.body)
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", {**too_much, "amount": "1"})
        self.telling.check("without a key nothing moves", (answer.status, answer.json["code"]) == (400, "idempotency_key_required"), answer.body)
        self.telling.check("no refusal moved a won", [self.balance(f"mj-100{n}")["balance"] for n in (1, 2, 3)] == ["25000", "15000", "0"])

    def holds(self):
        self.telling.chapter("Holds")
        hold = {"payer": "mj-1001", "payee": "mj-1003", "amount": "8000", "currency": "KRW", "mode": "hold"}
        first = self.telling.ask(self.bank, "POST", "/v1/transfers", hold, key="hotel")
        self.telling.check("8,000 won are held", first.status == 202 and first.json["status"] == "held", first.body)
        balance = self.telling.ask(self.bank, "GET", "/v1/accounts/mj-1001/balance").json
        self.telling.check("held money is still in the balance, but not available", (balance["balance"], balance["available"]) == ("25000", "17000"), balance)
        answer = self.telling.ask(self.bank, "POST", f"/v1/transfers/{first.json['id']}/post", {"amount": "6500"}, key="hotel-bill")
        self.telling.check("6,500 of it are posted, the rest is released", answer.status == 200 and answer.json["status"] == "completed", answer.body)
        self.telling.check("the payee has 6,500", self.balance("mj-1003")["balance"] == "6500")
        second = self.telling.ask(self.bank, "POST", "/v1/transfers", {**hold, "amount": "5000"}, key="car")
        answer = self.telling.ask(self.bank, "POST", f"/v1/transfers/{second.json['id']}/void", {}, key="car-back")
        self.telling.check("another hold is voided", answer.status == 200 and answer.json["state"] == "voided", answer.body)
        self.telling.check("its money is available again", self.balance("mj-1001")["available"] == "18500")

    def crash(self):
        self.telling.chapter("kill -9 in the middle")
        acknowledged, unknown = {}, {}
        stop = threading.Event()

        def client(number):
            count = 0
            while not stop.is_set() and count < 500:
                key = f"storm-{number}-{count}"
                payer, payee = (("mj-1001", "mj-1002"), ("mj-1002", "mj-1001"))[count % 2]
                body = {"payer": payer, "payee": payee, "amount": "1", "currency": "KRW"}
                try:
                    answer = self.bank.post("/v1/transfers", key, body)
                    if answer.status == 201:
                        acknowledged[key] = (answer.json["id"], body)
                    else:
                        unknown[key] = body
                except (OSError, ValueError):
                    unknown[key] = body
                    return
                count += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(acknowledged) < 200 and time.monotonic() < deadline:
            time.sleep(0.005)
        self.bank.kill()
        stop.set()
        for thread in threads:
            thread.join()
        self.telling.tell(f"killed with {len(acknowledged)} transfers acknowledged and {len(unknown)} requests without an answer")
        self.telling.check("there was a storm to be killed in", len(acknowledged) >= 200, len(acknowledged))
        started = time.monotonic()
        self.bank.start()
        self.telling.tell(f"started again and ready after {(time.monotonic() - started) * 1000:.0f} ms")
        lost = [key for key, (ident, _) in acknowledged.items()
                if self.bank.request("GET", f"/v1/transfers/{ident}").json.get("status") != "completed"]
        self.telling.check(f"every one of the {len(acknowledged)} acknowledged transfers is still there", not lost, lost[:3])
        again = next(iter(acknowledged))
        answer = self.telling.ask(self.bank, "POST", "/v1/transfers", acknowledged[again][1], key=again)
        self.telling.check("an acknowledged key replays its answer", answer.status == 201 and answer.json["id"] == acknowledged[again][0]
                   and answer.headers.get("Idempotent-Replayed") == "true", answer.body)
        replayed = 0
        for key, body in unknown.items():
            answer = self.bank.post("/v1/transfers", key, body)
            replayed += answer.headers.get("Idempotent-Replayed") == "true"
            if answer.status != 201:
                raise Failed(f"a request without an answer was sent again: {answer.body}")
        self.telling.check(f"the {len(unknown)} requests without an answer are sent again with their keys: {replayed} had happened, the others happen now", True)
        total = sum(int(self.balance(f"mj-100{n}")["balance"]) for n in (1, 2, 3))
        self.telling.check("no won was made or lost: 50,000 in, 10,000 out, 40,000 here", total == 40000, total)
