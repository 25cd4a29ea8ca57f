"""Two payswitchd, bank mj and bank jh, joined by peer_http: mutual TLS, signed requests and answers, money both ways.

usage: two_banks.py --build BUILD      certificates and keys are made here, with openssl; last line "two banks: ok, N checks"
"""

import argparse
import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import payswitch  # noqa: E402

START = 1_000_000
NAMES = ("mj", "jh")
CLIENTS, PAYMENTS = 8, 15  # each way
checks = 0


def check(what, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(f"{what} {detail}")


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def make_papers(folder):
    """An authority, and for each bank a certificate for client and server use and a signing key."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *new_key, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt", "-subj", "/CN=peers")
    papers = {}
    for name in NAMES:
        openssl("req", *new_key[:-2], "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", f"{folder}/extensions", "-out", f"{folder}/{name}.crt")
        openssl("genpkey", "-algorithm", "ed25519", "-out", f"{folder}/{name}.pem")
        for secret in ("key", "pem"):
            (folder / f"{name}.{secret}").chmod(0o600)
        public = openssl("x509", "-in", f"{folder}/{name}.crt", "-pubkey", "-noout")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, check=True, capture_output=True).stdout
        raw = openssl("pkey", "-in", f"{folder}/{name}.pem", "-pubout", "-outform", "der")[-32:]
        papers[name] = {"spki": "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode(), "key": "ed25519:" + base64.b64encode(raw).decode()}
    return papers


def make_bank(build, folder, us, them, papers, ports):
    here = folder / us
    here.mkdir()
    files = f'certificate = "{folder}/{us}.crt", key = "{folder}/{us}.key"'
    daemon = payswitch.Daemon(build, here, f"""
[switch.sign]
"{us}-1" = "${{cred:sign.pem}}"
[credentials]
"sign.pem" = "{folder}/{us}.pem"
[listen.peer]
address = "127.0.0.1:{ports[us]}"
tls = {{ {files}, client_ca = "{folder}/ca.crt" }}
[bank.{them}]
prefix = ["{them}-"]
receive_limit = {{ KRW = "100000000" }}
exposure = {{ KRW = "100000000" }}
in_doubt = {{ KRW = "100000000", count = 1000 }}
spki = ["{papers[them]['spki']}"]
keys = {{ "{them}-1" = "{papers[them]['key']}" }}
[[connector]]
name = "{them}-http"
plugin = "peer_http"
bank = "{them}"
call_deadline = "2s"
options = {{ url = "https://127.0.0.1:{ports[them]}" }}
tls = {{ {files}, ca = "{folder}/ca.crt" }}
[[route]]
bank = "{them}"
targets = ["{them}-http"]
""")
    daemon.config.write_text(daemon.config.read_text().replace('bank = "mj"\nprefix = "mj-"', f'bank = "{us}"\nprefix = "{us}-"', 1))
    return daemon


def balance(daemon, account):
    return int(daemon.request("GET", f"/v1/accounts/{account}").json["balance"])


def pay(daemon, payer, payee, amount, key):
    return daemon.post("/v1/transfers", key, {"payer": payer, "payee": payee, "amount": str(amount), "currency": "KRW"}, Prefer="wait=10")


def settled(daemon, transfer, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = daemon.request("GET", f"/v1/transfers/{transfer}").json["status"]
        if status in ("completed", "failed"):
            return status
        time.sleep(0.1)
    return status


def run(build, folder):
    papers = make_papers(folder)
    ports = {name: payswitch.free_port() for name in NAMES}
    mj = make_bank(build, folder, "mj", "jh", papers, ports)
    jh = make_bank(build, folder, "jh", "mj", papers, ports)
    try:
        for daemon, name in ((mj, "mj"), (jh, "jh")):
            daemon.start()
            check("account", daemon.post("/v1/accounts", "open", {"currency": "KRW", "number": f"{name}-1"}).status == 201)
            answer = daemon.post("/v1/deposits", "cash", {"account": f"{name}-1", "amount": str(START), "currency": "KRW"})
            check("deposit", answer.status == 201, answer.body)
        status, said = mj.control("connector", "jh-http", "hello")
        check("hello", status == 0 and "bank:     jh" in said, said)

        there = pay(mj, "mj-1", "jh-1", 15000, "there")
        check("mj to jh is completed", there.json.get("status") == "completed", there.body)
        back = pay(jh, "jh-1", "mj-1", 4000, "back")
        check("jh to mj is completed", back.json.get("status") == "completed", back.body)
        check("the payer paid, and got", balance(mj, "mj-1") == START - 15000 + 4000)
        check("the payee got, and paid", balance(jh, "jh-1") == START + 15000 - 4000)
        again = pay(mj, "mj-1", "jh-1", 15000, "there")
        check("the same key is the same transfer", again.json["id"] == there.json["id"])
        refused = pay(mj, "mj-1", "jh-nobody", 1, "nobody")
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
                        answer = pay(daemon, f"{us}-1", f"{them}-1", 7, key)
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
        check("the sums agree to the last unit", (balance(mj, "mj-1"), balance(jh, "jh-1")) == (START - net, START + net), str(moved))
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
