"""The second part of the demonstration: money between two banks. Both ways at once, while the line between them loses answers, then goes
away, one bank is killed and comes back with another signing key. In the end every transfer has one fate, and the sums agree."""

import collections
import json
import random
import threading
import time

from demo_telling import Failed

CLIENTS = 8            # of each bank
PURSE = 100_000        # what each of their accounts begins with
EASY = 100             # transfers that are completed each way before the trouble begins, and again after it
IN_DOUBT = 5           # each way, before the worst begins
PATIENCE_SECONDS = 40  # of any wait


class Client(threading.Thread):
    """One customer of `bank` who pays the other bank's customer without end, each payment with the same key until there is a word on it."""

    def __init__(self, bank, other, number, stop):
        super().__init__(daemon=True)
        self.bank, self.stop = bank, stop
        self.payer, self.payee = f"{bank.name}-20{number:02}", f"{other.name}-20{number:02}"
        self.random = random.Random(f"{bank.name} {number}")
        self.paid = {}  # key: amount
        self.completed, self.refused = 0, False
        self.again = 0  # times that a key was sent again, because there was no answer or "not now"

    def run(self):
        while not self.stop.is_set():
            key = f"{self.payer}-{len(self.paid)}"
            self.paid[key] = self.random.randrange(1, 100)
            while self.send(key) is None:
                self.again += 1
                time.sleep(0.1)
            if self.refused:
                time.sleep(0.2)  # as a person would, who was told that there is no way to the other bank

    def send(self, key):
        """The transfer that this key stands for, as the bank sees it now; None: no word yet, and the same key is right again."""
        try:
            answer = self.bank.pay(self.payer, self.payee, self.paid[key], key, wait=1)
        except OSError:
            return None
        said = answer.json
        ident = said.get("id") or said.get("transfer_id")  # a refusal names the transfer that it is recorded with
        self.completed += answer.status == 201
        self.refused = answer.status == 422
        return ident


class TwoBanks:
    def __init__(self, telling, mj, jh, lines):
        """lines: {bank's name: the CutLine over which the other one reaches it}"""
        self.telling, self.mj, self.jh, self.lines = telling, mj, jh, lines

    def run(self):
        self.one_transfer()
        self.storm()
        self.fates()
        self.sums()

    def both(self):
        return (self.mj, self.jh), (self.jh, self.mj)

    # ---- first, slowly ----

    def one_transfer(self):
        telling = self.telling
        telling.chapter("Money to another bank")
        answer = telling.ask(self.jh, "POST", "/v1/accounts", {"number": "jh-1001", "currency": "KRW"}, key="open", at="jh")
        telling.check("bank jh opens an account", answer.status == 201, answer.body)
        telling.command(self.mj, "connector", "jh-http", "hello")
        telling.check("mj knows jh by its certificate and its signature", True)
        before = self.mj.balance("mj-1001")
        body = {"payer": "mj-1001", "payee": "jh-1001", "amount": "5000", "currency": "KRW", "reference": "gift"}
        answer = telling.ask(self.mj, "POST", "/v1/transfers", body, key="gift", at="mj")
        telling.check("5,000 won go from mj to jh", answer.status == 201 and answer.json["status"] == "completed", answer.body)
        telling.history(self.mj.request("GET", f"/v1/transfers/{answer.json['id']}").json)
        there = self.jh.request("GET", f"/v1/transfers/{answer.json['peer_reference']}").json
        telling.check("jh has its own record of it, an incoming one", (there["kind"], there["amount"], there["state"]) == ("incoming", "5000", "completed"), there)
        telling.check("both balances are right", (self.mj.balance("mj-1001"), self.jh.balance("jh-1001")) == (before - 5000, 5000))
        answer = telling.ask(self.mj, "POST", "/v1/transfers", {**body, "payee": "jh-1999"}, key="nobody-there", at="mj")
        telling.check("jh refuses an account that it does not have, and says so on record", answer.status == 422 and "payee_not_found" in answer.body, answer.body)
        telling.check("the payer has its money back", self.mj.balance("mj-1001") == before - 5000)

    # ---- then, all at once ----

    def storm(self):
        telling = self.telling
        telling.chapter("Both ways at once, and everything that can go wrong")
        for bank, _ in self.both():
            for number in range(CLIENTS):
                account = f"{bank.name}-20{number:02}"
                opened = bank.post("/v1/accounts", f"open-{account}", {"number": account, "currency": "KRW"})
                paid_in = bank.post("/v1/deposits", f"purse-{account}", {"account": account, "amount": str(PURSE), "currency": "KRW"})
                if (opened.status, paid_in.status) != (201, 201):
                    raise Failed(f"{account}: {opened.body} {paid_in.body}")
        stop = threading.Event()
        self.clients = [Client(bank, other, number, stop) for bank, other in self.both() for number in range(CLIENTS)]
        telling.tell(f"{CLIENTS} customers of each bank pay {CLIENTS} of the other, amounts from 1 to 99 won, one after the other, without a pause")
        for client in self.clients:
            client.start()
        self.until(f"{EASY} payments have arrived each way", lambda: min(self.completed(bank) for bank, _ in self.both()) >= EASY)

        telling.tell("the line gets bad: of what mj asks, the answers get lost; of what jh asks, the questions themselves")
        self.lines["jh"].set("answers_lost")
        self.lines["mj"].set("requests_lost")
        self.until(f"{IN_DOUBT} transfers each way are in doubt: nobody knows whether their money arrived",
                   lambda: min(len(self.in_doubt(bank)) for bank, _ in self.both()) >= IN_DOUBT)
        telling.command(self.mj, "in-doubt", "list", lines=19)
        self.cancel()

        telling.tell("jh is cut off: every connection is reset, no new one lives")
        for line in self.lines.values():
            line.set("cut")
        time.sleep(0.5)
        self.mj.kill()
        telling.tell("mj is killed with -9")
        self.mj.configure(signing=2)
        telling.tell("mj gets another signing key: from now on it signs as mj-2; jh has known both public keys all along")
        time.sleep(0.5)
        self.mj.start()
        telling.tell("mj is back, with what its ledger knows")
        telling.check("mj still owes an answer about what was in doubt: it forgot nothing and gave nothing back", len(self.in_doubt(self.mj)) >= IN_DOUBT,
                      self.in_doubt(self.mj))
        for line in self.lines.values():
            line.set("open")
        telling.tell("the line is there again")
        goal = {bank.name: self.completed(bank) + EASY for bank, _ in self.both()}
        self.until(f"another {EASY} payments have arrived each way", lambda: all(self.completed(bank) >= goal[bank.name] for bank, _ in self.both()))
        stop.set()
        for client in self.clients:
            client.join(PATIENCE_SECONDS)
        telling.check("every customer got an answer to every payment in the end", not any(client.is_alive() for client in self.clients))
        telling.tell(f"{sum(client.again for client in self.clients)} times a customer had to send a payment again, with its key")

    def cancel(self):
        """Impatient customers: two of them at each bank want their money back."""
        telling = self.telling
        for bank, _ in self.both():
            for ident in self.in_doubt(bank)[:2]:
                answer = telling.ask(bank, "POST", f"/v1/transfers/{ident}/cancel", {}, key=f"cancel-{ident}", at=bank.name, Prefer="wait=0")
                telling.check(f"{bank.name} takes the wish down, and gives nothing back before it knows", (answer.status, answer.json["state"]) == (202, "in_doubt"), answer.body)

    def completed(self, bank):
        return sum(client.completed for client in self.clients if client.bank is bank)

    def in_doubt(self, bank):
        """Ids."""
        return [one["id"] for one in bank.request("GET", "/v1/transfers?state=in_doubt&limit=500").json["transfers"]]

    def until(self, what, holds):
        """Shows how far it is, once a second."""
        end, shown = time.monotonic() + PATIENCE_SECONDS, 0.0
        while not holds():
            now = time.monotonic()
            if now > end:
                raise Failed(f"after {PATIENCE_SECONDS} s it is still not so that {what}")
            if now - shown >= 1:
                shown = now
                self.telling.tell("… " + "; ".join(f"{bank.name}: {self.completed(bank)} arrived, {len(self.in_doubt(bank))} in doubt" for bank, _ in self.both()))
            time.sleep(0.05)
        self.telling.check(what, True)

    # ---- what became of it ----

    def fates(self):
        telling = self.telling
        telling.chapter("What became of every transfer")
        self.transfers = {bank.name: {} for bank, _ in self.both()}  # key: the transfer as its bank has it
        for client in self.clients:
            for key in client.paid:
                ident = client.send(key)
                if ident is None:
                    raise Failed(f"{key} has no transfer, although it was answered")
                self.transfers[client.bank.name][key] = ident
        stories = {}
        for bank, other in self.both():
            mine = self.transfers[bank.name]
            telling.check(f"{bank.name}: {len(mine)} keys, sent again, name {len(mine)} transfers: none was made twice", len(set(mine.values())) == len(mine))
            end = time.monotonic() + PATIENCE_SECONDS
            for key, ident in mine.items():
                while (seen := bank.request("GET", f"/v1/transfers/{ident}").json)["status"] not in ("completed", "failed"):
                    if time.monotonic() > end:
                        raise Failed(f"{bank.name}: {ident} is still {seen['state']}")
                    time.sleep(0.05)
                mine[key] = seen
            doubted = [one for one in mine.values() if any(step["state"] == "in_doubt" for step in one["history"])]
            ends = collections.Counter(self.end_of(one) for one in mine.values())
            doubted_ends = collections.Counter(self.end_of(one) for one in doubted)
            telling.tell(f"{bank.name} to {other.name}: " + ", ".join(f"{count} {end}" for end, count in ends.most_common()))
            telling.tell(f"   of them {len(doubted)} were in doubt: " + ", ".join(f"{count} {end}" for end, count in doubted_ends.most_common()))
            telling.check(f"{bank.name}: there was doubt, and none is left", len(doubted) >= IN_DOUBT and not self.in_doubt(bank), len(doubted))
            stories.update({self.end_of(one): one for one in doubted})
        for end, one in stories.items():
            telling.tell(f"one of them, {one['amount']} won from {one['payer']} to {one['payee']}, {end}:")
            telling.history(one)
        for bank, other in self.both():
            arrived = {}
            for one in self.transfers[bank.name].values():
                if one["state"] == "completed":
                    arrived[one["peer_reference"]] = one
            done = sum(one["state"] == "completed" for one in self.transfers[bank.name].values())
            wrong = [one["id"] for reference, one in arrived.items() if self.facts(other.request("GET", f"/v1/transfers/{reference}").json) != self.facts(one)]
            telling.check(f"each of the {done} payments that {bank.name} completed is one credit at {other.name}, same payer, payee and amount",
                          len(arrived) == done and not wrong, wrong[:3])

    @staticmethod
    def end_of(transfer):
        if transfer["state"] == "completed":
            return "arrived"
        reason = transfer["history"][-1].get("reason_code") or transfer.get("reason_code", "")
        return f"given back ({reason.removeprefix('peer_refused:')})"

    @staticmethod
    def facts(transfer):
        return transfer.get("payer"), transfer.get("payee"), transfer.get("amount"), transfer.get("state")

    def sums(self):
        telling = self.telling
        telling.chapter("The sums")
        moved = {name: sum(int(one["amount"]) for one in mine.values() if one["state"] == "completed") for name, mine in self.transfers.items()}
        telling.tell(f"{moved['mj']:,} won went from mj to jh and {moved['jh']:,} from jh to mj, in the storm")
        have = {bank.name: sum(bank.balance(f"{bank.name}-20{number:02}") for number in range(CLIENTS)) for bank, _ in self.both()}
        net = moved["mj"] - moved["jh"]
        telling.check(f"the customers of mj have {have['mj']:,} won, those of jh {have['jh']:,}: to the last unit what was moved",
                      have == {"mj": CLIENTS * PURSE - net, "jh": CLIENTS * PURSE + net}, have)
        clearing = {}
        for bank, other in self.both():
            books = json.loads(bank.control("account", "show", f"clearing:{other.name}:KRW", "--json")[1])
            clearing[bank.name] = {side: int(books["result"][side]["minor"]) for side in ("balance", "debits_pending", "credits_pending")}
            telling.tell(f"{bank.name} owes {other.name} by its own books (clearing:{other.name}:KRW): {clearing[bank.name]['balance']:,} won")
        telling.check("the two clearing accounts mirror each other, and agree with the storm and the 5,000 before it",
                      (clearing["mj"]["balance"], clearing["jh"]["balance"]) == (net + 5000, -net - 5000), clearing)
        telling.check("nothing is reserved any more", not any(one["debits_pending"] or one["credits_pending"] for one in clearing.values()), clearing)
