"""./dev demo: two real banks, mj and jh, each a payswitchd with an embedded ledger of its own. Needs nothing but what was built.

Prints each request and its answer. The last line is "demo: ok, N checks" with exit status 0, or the first check that failed and 1; then
the folder with configurations, logs and ledgers is left behind."""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "support")]
import cut_line  # noqa: E402
import peer_banks  # noqa: E402
from demo_one_bank import OneBank  # noqa: E402
from demo_telling import Failed, Telling  # noqa: E402
from demo_two_banks import TwoBanks  # noqa: E402


def shutdown(telling, banks):
    telling.chapter("Shutdown")
    for bank in banks:
        telling.check(f"{bank.name}: SIGTERM drains and ends with 0", bank.stop() == 0)
        verify = subprocess.run([str(bank.build / "bin/payswitchctl"), "ledger", "verify", str(bank.folder / "books")],
                                capture_output=True, text=True, stdin=subprocess.DEVNULL)
        for line in (verify.stdout + verify.stderr).splitlines():
            telling.tell("| " + line)
        telling.check(f"{bank.name}: payswitchctl ledger verify finds every invariant kept", verify.returncode == 0)


def stay(banks):
    print("\nBoth banks stay up until Ctrl-C:", flush=True)
    for bank in banks:
        print(f"  {bank.name}: API http://127.0.0.1:{bank.port}   metrics http://127.0.0.1:{bank.admin}/metrics\n"
              f"      {bank.build}/bin/payswitchctl --socket {bank.folder}/control.sock status", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print(flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--build", default="build/release", help="folder of the build")
    parser.add_argument("--stay", action="store_true", help="before the end, leave both banks up until Ctrl-C, to try things by hand")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="payswitch-demo-"))
    lines, telling, banks = {}, Telling(), []

    def line(bank):
        lines[bank.name] = cut_line.CutLine(bank.peer_port)
        return lines[bank.name].port

    try:
        banks = mj, jh = peer_banks.pair(options.build, folder, line)
        print(f"two payswitchd with embedded ledgers in {folder}: API of mj on 127.0.0.1:{mj.port}, of jh on 127.0.0.1:{jh.port}; between them\n"
              "mutual TLS and signatures, over a line that can be cut. No other server.", flush=True)
        for bank in banks:
            bank.start()
            telling.check(f"{bank.name} is ready", True)
        OneBank(telling, mj).run()
        TwoBanks(telling, mj, jh, lines).run()
        if options.stay:
            stay(banks)
        shutdown(telling, banks)
    except (Failed, OSError, RuntimeError, KeyError, ValueError, subprocess.SubprocessError) as failed:
        print(f"\ndemo: FAILED after {telling.checks} checks: {failed}", flush=True)
        print(f"demo: configurations, logs and ledgers are left in {folder}: {folder}/mj/log, {folder}/jh/log", flush=True)
        return 1
    finally:
        for bank in banks:
            if bank.process and bank.process.poll() is None:
                bank.kill()
    shutil.rmtree(folder, ignore_errors=True)
    print(f"\ndemo: ok, {telling.checks} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
