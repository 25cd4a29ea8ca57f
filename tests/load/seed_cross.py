"""./dev bench cross --k6: two banks, the real k6 with seed_cross.js, and the sums afterwards.

Exit status 0 when k6's thresholds hold and the sums agree, also when there is no k6 (it says so); 1 otherwise."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import peer_banks  # noqa: E402

START = 1_000_000_000
ACCOUNT = {"mj": "mj-1001", "jh": "jh-1001"}


def find_k6():
    for place in (os.environ.get("K6"), shutil.which("k6"), pathlib.Path.home() / "go/bin/k6"):
        if place and pathlib.Path(place).is_file():
            return str(place)
    return None


def main():
    parser = argparse.ArgumentParser(prog="./dev bench cross --k6", description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seconds", default="15")
    parser.add_argument("--clients", default="8", help="each way")
    options = parser.parse_args()
    k6 = find_k6()
    if k6 is None:
        print("skipped: there is no k6 here. With a recent Go: go install go.k6.io/k6@v1.8.1 (or set K6 to its path)")
        return 0
    with tempfile.TemporaryDirectory(prefix="payswitch-k6-", dir="/var/tmp") as folder:
        banks = mj, jh = peer_banks.pair(options.build, folder, call_deadline="10s")
        try:
            for bank in banks:
                bank.start()
                bank.post("/v1/accounts", "open", {"number": ACCOUNT[bank.name], "currency": "KRW"})
                bank.post("/v1/deposits", "purse", {"account": ACCOUNT[bank.name], "amount": str(START), "currency": "KRW"})
            settings = {"MJ": f"http://127.0.0.1:{mj.port}", "JH": f"http://127.0.0.1:{jh.port}", "A": ACCOUNT["mj"], "B": ACCOUNT["jh"],
                        "SECONDS": options.seconds, "CLIENTS": options.clients}
            command = [k6, "run", "--quiet", "--no-usage-report", "--summary-export", f"{folder}/summary.json"]
            for name, value in settings.items():
                command += ["-e", f"{name}={value}"]
            done = subprocess.run([*command, str(pathlib.Path(__file__).parent / "seed_cross.js")], stdin=subprocess.DEVNULL)
            metrics = json.loads(pathlib.Path(folder, "summary.json").read_text())["metrics"]
            there, back = (int(metrics[name]["count"]) for name in ("moved_a_to_b", "moved_b_to_a"))
            have = (mj.balance(ACCOUNT["mj"]), jh.balance(ACCOUNT["jh"]))
            print(f"k6 saw {there} won go from mj to jh and {back} from jh to mj; the accounts have {have[0]} and {have[1]}")
            if have != (START - there + back, START + there - back):
                print("FAILED: the sums do not agree")
                return 1
            print("the sums agree to the last unit")
            if done.returncode != 0:
                print(f"FAILED: k6 ended with {done.returncode} (99: a threshold was crossed)")
            return 1 if done.returncode else 0
        finally:
            for bank in banks:
                bank.stop()


if __name__ == "__main__":
    sys.exit(main())
