"""Banks joined by peer_http in both directions, each a real payswitchd with a ledger of its own: certificates and signing keys are made
here with openssl, traffic stays on 127.0.0.1. For the demonstration, the benchmarks, load tests and process tests."""

import base64
import hashlib
import pathlib
import subprocess

import payswitch

NAMES = ("mj", "jh")
SIGNING_KEYS = 2  # of each bank; the others know both, so that a bank may go from one to the next by itself
LIMIT = 100_000_000_000


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **more).stdout


class Papers:
    """An authority in `folder`, and for each bank a certificate for client and server use, its pin, and signing keys."""

    def __init__(self, folder, names=NAMES):
        self.folder = pathlib.Path(folder)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *curve, "-days", "2", "-keyout", self.path("ca.key"), "-out", self.path("ca.crt"), "-subj", "/CN=peers")
        self.path("extensions").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        self.pins, self.keys = {}, {}
        for name in names:
            self.certify(name, curve)
            self.keys[name] = {f"{name}-{n}": self.signing_key(f"{name}-{n}") for n in range(1, SIGNING_KEYS + 1)}

    def path(self, name):
        return self.folder / name

    def certify(self, name, curve):
        openssl("req", *curve, "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"), "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
                "-days", "2", "-extfile", self.path("extensions"), "-out", self.path(f"{name}.crt"))
        self.path(f"{name}.key").chmod(0o600)
        public = openssl("x509", "-in", self.path(f"{name}.crt"), "-pubkey", "-noout")
        self.pins[name] = "sha256/" + base64.b64encode(hashlib.sha256(openssl("pkey", "-pubin", "-outform", "der", input=public)).digest()).decode()

    def signing_key(self, key_id):
        """Makes KEY_ID.pem; returns its public half as configurations have it."""
        pem = self.path(f"{key_id}.pem")
        openssl("genpkey", "-algorithm", "ed25519", "-out", pem)
        pem.chmod(0o600)
        return "ed25519:" + base64.b64encode(openssl("pkey", "-in", pem, "-pubout", "-outform", "der")[-32:]).decode()


class Bank(payswitch.Daemon):
    """One of them. peer_port is where its peer listener is; options: further ones of its peer_http, ", name = value"."""

    def __init__(self, build, folder, name, papers, peer_port, call_deadline="2s", signing=1, options=""):
        folder = pathlib.Path(folder) / name
        folder.mkdir()
        super().__init__(build, folder)
        self.name, self.papers, self.peer_port, self.call_deadline, self.signing, self.options = name, papers, peer_port, call_deadline, signing, options
        self.basis = self.config.read_text().replace('bank = "mj"\nprefix = "mj-"', f'bank = "{name}"\nprefix = "{name}-"', 1)
        self.others = {}

    def join(self, other, port):
        """Leads to `other`, a name, whose peer listener is reached at `port`. Takes effect at the next start."""
        self.others[other] = port
        self.configure()

    def configure(self, signing=None):
        """Writes the configuration again; signing: how many of its keys this bank has. It signs with the last of them."""
        self.signing = signing or self.signing
        files = f'certificate = "{self.papers.path(self.name)}.crt", key = "{self.papers.path(self.name)}.key"'
        own = [f"{self.name}-{n}" for n in range(1, self.signing + 1)]
        text = "[switch.sign]\n" + "".join(f'"{key}" = "${{cred:{key}.pem}}"\n' for key in own)
        text += "[credentials]\n" + "".join(f'"{key}.pem" = "{self.papers.path(key)}.pem"\n' for key in own)
        text += f'[listen.peer]\naddress = "127.0.0.1:{self.peer_port}"\ntls = {{ {files}, client_ca = "{self.papers.path("ca.crt")}" }}\n'
        for other, port in self.others.items():
            keys = ", ".join(f'"{key}" = "{public}"' for key, public in self.papers.keys[other].items())
            text += f"""[bank.{other}]
prefix = ["{other}-"]
receive_limit = {{ KRW = "{LIMIT}" }}
exposure = {{ KRW = "{LIMIT}" }}
in_doubt = {{ KRW = "{LIMIT}", count = 1000 }}
spki = ["{self.papers.pins[other]}"]
keys = {{ {keys} }}
[[connector]]
name = "{other}-http"
plugin = "peer_http"
bank = "{other}"
call_deadline = "{self.call_deadline}"
options = {{ url = "https://127.0.0.1:{port}"{self.options} }}
tls = {{ {files}, ca = "{self.papers.path("ca.crt")}" }}
[[route]]
bank = "{other}"
targets = ["{other}-http"]
"""
        self.config.write_text(self.basis + text)

    def balance(self, account):
        return int(self.request("GET", f"/v1/accounts/{account}/balance").json["balance"])

    def pay(self, payer, payee, amount, key, wait=10):
        return self.post("/v1/transfers", key, {"payer": payer, "payee": payee, "amount": str(amount), "currency": "KRW"}, Prefer=f"wait={wait}")


def pair(build, folder, line=None, **options):
    """(mj, jh), not started. line(bank): the port at which the other one reaches its peer listener, such as that of a proxy before it."""
    papers = Papers(folder)
    banks = [Bank(build, folder, name, papers, payswitch.free_port(), **options) for name in NAMES]
    for us, them in (banks, reversed(banks)):
        us.join(them.name, line(them) if line else them.peer_port)
    return banks
