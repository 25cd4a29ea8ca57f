"""How the demonstration speaks: chapters, requests with their answers, and checks that are counted."""

import json
import time

SHOWN = ("status", "reason_code", "code", "class", "title", "detail", "id", "number", "amount", "posted_amount", "currency", "payer", "payee", "bank",
         "balance", "available", "debits_pending", "balances")


class Failed(Exception):
    pass


class Telling:
    def __init__(self):
        self.checks = 0
        self.started = time.monotonic()

    def chapter(self, title):
        title = f"{title}   ({time.monotonic() - self.started:.0f} s)"
        print(f"\n{title}\n{'-' * len(title)}", flush=True)

    def tell(self, text):
        print(f"  {text}", flush=True)

    def check(self, what, good, seen=""):
        self.checks += 1
        if not good:
            raise Failed(f"{what}{f': {seen}' if seen != '' else ''}")
        print(f"  ok: {what}", flush=True)

    def ask(self, daemon, method, path, body=None, key=None, at="", **headers):
        """Sends one request and shows it with its answer. at: which bank, where it matters."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers["Idempotency-Key"] = key
        notes = "".join(f"   {name}: {value}" for name, value in headers.items())
        print(f"> {at and f'[{at}] '}{method} {path}{notes}", flush=True)
        if body is not None:
            print(f">   {json.dumps(body, ensure_ascii=False)}", flush=True)
        answer = daemon.request(method, path, body, headers)
        replayed = "   Idempotent-Replayed: true" if answer.headers.get("Idempotent-Replayed") else ""
        try:
            content = answer.json
            shown = {name: content[name] for name in SHOWN if name in content} or content
            text = json.dumps(shown, ensure_ascii=False)
        except ValueError:
            text = answer.body
        print(f"< {answer.status}{replayed}\n<   {text}", flush=True)
        return answer

    def command(self, daemon, *arguments, lines=40):
        """Runs payswitchctl and shows what it says, or so many lines of it; its output."""
        print(f"$ payswitchctl {' '.join(arguments)}", flush=True)
        status, said = daemon.control(*arguments)
        printed = said.rstrip().splitlines()
        for line in printed[:lines]:
            self.tell("| " + line)
        if len(printed) > lines:
            self.tell(f"| … {len(printed) - lines} lines more")
        if status != 0:
            raise Failed(f"payswitchctl {' '.join(arguments)} ended with {status}")
        return said

    def history(self, transfer):
        """The steps of a transfer, as GET /v1/transfers/{id} shows them."""
        for step in transfer["history"]:
            reason = f" ({step['reason_code']})" if step.get("reason_code") else ""
            self.tell(f"| {step['at'][11:23]}  {step['state']:10} {step.get('note', '')}{reason}")
