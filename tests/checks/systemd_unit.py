"""`systemd-analyze verify` accepts each unit of systemd/ without a word. Its exit status is no verdict: systemd 252 returns 0 when it
merely ignores a key it does not know, so any text on stderr fails.

The unit is judged as installed: in a root folder of its own with stand-ins for the programs it starts, because the real ones are
usually not installed where the tests run."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import support

# What systemd itself brings to every machine and a unit may order itself against.
STANDARD = ("basic.target", "sysinit.target", "shutdown.target", "network-online.target", "network.target", "multi-user.target",
            "sockets.target", "time-sync.target", "-.slice", "system.slice")
PROGRAM = re.compile(r"^Exec\w+=[-@:+!]*(/\S+)", re.M)


def verify(unit):
    """Text systemd-analyze has to say about one unit file."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        units = root / "etc/systemd/system"
        units.mkdir(parents=True)
        for sibling in unit.parent.glob("*.*"):
            if sibling.suffix in (".service", ".socket", ".target", ".timer", ".slice"):
                shutil.copy(sibling, units / sibling.name)
        for name in STANDARD:
            (units / name).write_text(f"[Unit]\nDescription={name}\nDefaultDependencies=no\n")
        for program in PROGRAM.findall(unit.read_text()):
            stand_in = root / program.lstrip("/")
            stand_in.parent.mkdir(parents=True, exist_ok=True)
            stand_in.write_text("#!/bin/sh\n")
            stand_in.chmod(0o755)
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root}", unit.name],
                                capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
        said = (result.stdout + result.stderr).replace(str(root), "")
        return said or (f"exit status {result.returncode}" if result.returncode else "")


def check(root):
    complaints = []
    for path in support.files(root, "systemd", suffixes={".service", ".socket", ".target", ".timer"}):
        complaints += [f"{path}: {line}" for line in verify(root / path).splitlines() if line]
    return complaints


GOOD = "[Unit]\nDescription=x\n[Service]\nType=notify\nExecStart=/usr/sbin/payswitchd --config /etc/payswitch/payswitch.toml\nDynamicUser=yes\n"
CASES = [
    ("a good unit", {"systemd/a.service": GOOD}, None),
    ("a key that this systemd ignores", {"systemd/a.service": GOOD + "ReloadSignalX=SIGHUP\n"}, "Unknown key"),
    ("a value it cannot parse", {"systemd/a.service": GOOD + "WatchdogSec=soon\n"}, "Failed to parse"),
    ("a program by a relative path", {"systemd/a.service": GOOD.replace("/usr/sbin/", "")}, "payswitchd"),
]

if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed")
        sys.exit(1)
    support.main(check, CASES)
