"""Every example.toml of a plugin and of an SDK template is accepted by payswitchd --check-config, with the plugin it is for, beside the smallest
configuration. usage: examples_test.py PAYSWITCHD SOURCE_DIRECTORY PLUGIN_DIRECTORY…"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BASE = """[switch]
bank = "mj"
prefix = "mj-"
currencies = { KRW = 0 }
ledger = "books"
[listen.public]
address = "127.0.0.1:8080"
[listen.admin]
address = "127.0.0.1:9090"
[auth]
mode = "development"
[cash]
allow = "owner"
[[connector]]
name = "books"
plugin = "local_ledger"
options = { directory = "./books" }
[control]
socket = "./control.sock"
"""
BANK = """[bank.{0}]
prefix = ["{0}-"]
receive_limit = {{ KRW = "1000000000" }}
exposure = {{ KRW = "1000000000" }}
in_doubt = {{ KRW = "20000000", count = 1000 }}
"""


def make_certificates(folder):
    """The files an example names under /etc/payswitch: one certificate that is also its own authority, and a signing key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=peer.mj.example", "-keyout", "peer.key", "-out", "peer.crt")
    openssl("genpkey", "-algorithm", "ed25519", "-out", "mj-2026.pem")
    shutil.copy(f"{folder}/peer.crt", f"{folder}/peers-ca.crt")
    for private in ("peer.key", "mj-2026.pem"):
        os.chmod(f"{folder}/{private}", 0o400)


def main():
    daemon, source, *plugin_directories = sys.argv[1:]
    root = pathlib.Path(source)
    examples = sorted([*root.glob("plugins/*/example.toml"), *root.glob("sdk/templates/*/example.toml")])
    wrong = [] if len(examples) >= 2 else ["there are no examples"]
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        make_certificates(name)
        for directory in plugin_directories:  # copies: a link out of the plugin directory is refused
            for library in pathlib.Path(directory).glob("*.so"):
                shutil.copy(library, name)
        for example in examples:
            text = example.read_text().replace("/etc/payswitch/", f"{name}/")
            plugins = re.findall(r'^plugin = "(\w+)"', text, re.M)
            missing = [plugin for plugin in plugins if not pathlib.Path(name, plugin + ".so").exists()]
            if missing:
                print(f"{example.relative_to(root)}: skipped, this build has no {' '.join(missing)}")
                continue
            # An example shows the connector; the bank it leads to may stand elsewhere.
            banks = {bank for bank in re.findall(r'^bank = "(\w+)"', text, re.M) if f"[bank.{bank}]" not in text}
            file = pathlib.Path(name, "payswitch.toml")
            file.write_text(BASE + "".join(BANK.format(bank) for bank in sorted(banks)) + text)
            told = subprocess.run([daemon, "--check-config", "--config", str(file), "--plugins", name], capture_output=True, text=True)
            if told.returncode != 0:
                wrong.append(f"{example.relative_to(root)}: {(told.stdout + told.stderr).strip()}")
            print(f"{example.relative_to(root)}: {'accepted' if told.returncode == 0 else 'REFUSED'}")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
