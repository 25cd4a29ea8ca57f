"""A bank goes from one signing key to the next while a payment is in doubt: asked with the old key, the answer lost, asked again with the
new one, credited once. No daemon is started anew; then the old key is dropped at both banks.

usage: key_rotation.py --build BUILD      last line "key rotation: ok, N checks"
"""

import argparse
import json
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import cut_line  # noqa: E402
import peer_banks  # noqa: E402

checks = 0


def check(what, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(f"{what} {detail}")


def rotate(daemon, *arguments):
    status, text = daemon.control("--json", "peer", "rotate-key", *arguments)
    try:
        answer = json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        return status, {"text": text}
    return status, answer.get("result", answer)


def signs(daemon):
    return [key["id"] for key in rotate(daemon, "list")[1]["keys"] if key["signs"]]


def eventually(what, holds, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return check(what, True)
        time.sleep(0.1)
    check(what, False)


def hang_up(daemon):
    """SIGHUP, done when the daemon says so."""
    said = daemon.output().count("PSW-APP-017")
    daemon.process.send_signal(signal.SIGHUP)
    eventually("keys are read again", lambda: daemon.output().count("PSW-APP-017") > said, 10)


def replace(daemon, old, new):
    text = daemon.config.read_text()
    check("the configuration has it", old in text, old)
    daemon.config.write_text(text.replace(old, new))


def run(build, folder):
    lines = {}

    def line(bank):
        lines[bank.name] = cut_line.CutLine(bank.peer_port)
        return lines[bank.name].port

    mj, jh = peer_banks.pair(build, folder, line=line)
    try:
        for daemon in (mj, jh):
            daemon.start()
            check("account", daemon.post("/v1/accounts", "open", {"currency": "KRW", "number": f"{daemon.name}-1"}).status == 201)
            check("deposit", daemon.post("/v1/deposits", "cash", {"account": f"{daemon.name}-1", "amount": "1000000", "currency": "KRW"}).status == 201)
        check("paid", mj.pay("mj-1", "jh-1", 100, "before").json["status"] == "completed")

        # A new key is made by the daemon; its public half goes to jh, which then knows three keys of mj.
        made_file = f"{folder}/made.pem"
        status, made = rotate(mj, "new", "--id", "mj-9", "--file", made_file)
        check("a key is made", status == 0 and made["public"].startswith("ed25519:"), made)
        check("for its owner alone", pathlib.Path(made_file).stat().st_mode & 0o777 == 0o600)
        check("never over a file that is there", rotate(mj, "new", "--id", "mj-9", "--file", made_file)[0] != 0)
        check("not loaded yet", rotate(mj, "use", "--id", "mj-9")[0] != 0)
        replace(jh, 'keys = { "mj-1"', f'keys = {{ "mj-9" = "{made["public"]}", "mj-1"')
        hang_up(jh)
        replace(mj, "[switch.sign]\n", f'[switch.sign]\n"mj-9" = "file:{made_file}"\n')
        hang_up(mj)
        check("the old one still signs", signs(mj) == ["mj-1"], rotate(mj, "list"))

        # Asked with the old key, over a connection that stands; the answer gets lost.
        check("paid", mj.pay("mj-1", "jh-1", 100, "connected").json["status"] == "completed")
        lines["jh"].set("answers_lost")
        doubted = mj.pay("mj-1", "jh-1", 5000, "between", wait=4)
        check("in doubt", doubted.json["status"] in ("in_doubt", "processing"), doubted.body)
        check("jh has credited it", jh.balance("jh-1") == 1_005_200, jh.balance("jh-1"))
        status, said = rotate(mj, "use", "--id", "mj-9")
        check("the new one signs", status == 0 and signs(mj) == ["mj-9"], said)
        lines["jh"].set("cut")
        time.sleep(0.3)
        lines["jh"].set("open")
        eventually("asked again with the new key, it is completed", lambda: mj.request("GET", f"/v1/transfers/{doubted.json['id']}").json["status"] == "completed", 60)
        check("credited once", jh.balance("jh-1") == 1_005_200 and mj.balance("mj-1") == 994_800)

        # The old key is dropped, here and there.
        replace(mj, '"mj-1" = "${cred:mj-1.pem}"\n', "")
        hang_up(mj)
        replace(jh, f'"mj-1" = "{mj.papers.keys["mj"]["mj-1"]}", ', "")
        hang_up(jh)
        check("mj has one key", [key["id"] for key in rotate(mj, "list")[1]["keys"]] == ["mj-9"])
        check("paid with the new key alone", mj.pay("mj-1", "jh-1", 100, "after").json["status"] == "completed")
        check("and the other way", jh.pay("jh-1", "mj-1", 100, "back").json["status"] == "completed")

        # A configuration that does not fit changes nothing.
        replace(mj, f'"mj-9" = "file:{made_file}"', f'"mj-9" = "file:{made_file}.gone"')
        mj.process.send_signal(signal.SIGHUP)
        eventually("it is said", lambda: "PSW-APP-021" in mj.output(), 10)
        check("and the key stays", mj.pay("mj-1", "jh-1", 100, "kept").json["status"] == "completed" and signs(mj) == ["mj-9"])
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
    with tempfile.TemporaryDirectory(prefix="payswitch-key-rotation-") as folder:
        run(parser.parse_args().build, folder)
    print(f"key rotation: ok, {checks} checks")


if __name__ == "__main__":
    main()
