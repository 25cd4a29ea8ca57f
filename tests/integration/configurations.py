"""Every configuration of conf/ is accepted by the daemon that was built: `payswitchd --check-config` with the built plugins."""

import pathlib
import subprocess
import sys


def main(root, build):
    files = sorted(p for p in (pathlib.Path(root) / "conf").glob("**/*.toml") if p.name != "reference.toml")
    wrong = 0
    for path in files:
        done = subprocess.run([f"{build}/bin/payswitchd", "--check-config", "--config", str(path), "--plugins", f"{build}/plugins"],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {path}\n{done.stdout}{done.stderr}", end="")
        wrong += done.returncode != 0
    # A check that accepts everything would prove nothing: a misspelt key must be refused, with its line and status 78.
    text = files[0].read_text().replace("bank =", "bnak =", 1)
    broken = pathlib.Path(build) / "broken.toml"
    broken.write_text(text)
    done = subprocess.run([f"{build}/bin/payswitchd", "--check-config", "--config", str(broken), "--plugins", f"{build}/plugins"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    if done.returncode != 78 or "broken.toml:" not in said or "bnak" not in said:
        print(f"FAILED a misspelt key: status {done.returncode}\n{said}")
        wrong += 1
    broken.unlink()
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
