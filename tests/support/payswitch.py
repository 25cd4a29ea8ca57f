"""A real payswitchd in a folder of its own on free ports, for the demonstration, benchmarks and process tests."""

import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

READY_SECONDS_MAX = 30


def free_port():
    """Below the ports that the kernel gives to outgoing connections: none of those takes it while its daemon is down."""
    for _ in range(1000):
        port = random.randrange(12_000, 32_000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port below 32000")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Daemon:
    """start(), kill() and start() again work on the same ledger: ports and folder stay."""

    def __init__(self, build, folder, more=""):
        """build: a folder with bin/ and plugins/. more: further TOML, appended to the configuration."""
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(folder)
        self.port, self.admin = free_port(), free_port()
        self.process = None
        self.config = self.folder / "payswitch.toml"
        self.config.write_text(f"""[switch]
bank = "mj"
prefix = "mj-"
currencies = {{ KRW = 0, USD = 2 }}
ledger = "books"
[listen.public]
address = "127.0.0.1:{self.port}"
[listen.admin]
address = "127.0.0.1:{self.admin}"
[[connector]]
name = "books"
plugin = "local_ledger"
options = {{ directory = "{self.folder}/books" }}
[auth]
mode = "development"
[cash]
allow = "owner"
[paths]
plugins = "{self.build}/plugins"
data = "{self.folder}"
[control]
socket = "{self.folder}/control.sock"
[log]
level = "notice"
{more}""")

    def start(self, **environment):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([str(self.build / "bin/payswitchd"), "--config", str(self.config)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, **environment},
                                            start_new_session=True)  # Ctrl-C is for the script, which stops its daemons itself
        end = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"payswitchd ended with {self.process.returncode}:\n{self.output()}")
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=1).status == 200:
                    return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.02)
        raise RuntimeError(f"payswitchd is not ready after {READY_SECONDS_MAX} s:\n{self.output()}")

    def output(self):
        log = self.folder / "log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    def stop(self):
        """SIGTERM; returns the exit status (None: there was nothing to stop)."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, headers=None, timeout=20):
        """An Answer; raises OSError when there was none."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method, headers=dict(headers or {}))
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read().decode())
        except http.client.HTTPException as broken:  # an answer that was cut short is none
            raise ConnectionError(str(broken)) from broken

    def post(self, path, key, body, **headers):
        return self.request("POST", path, body, {"Idempotency-Key": key, **{name.replace("_", "-"): value for name, value in headers.items()}})

    def metric(self, name):
        """Sum of a metric's values over its labels."""
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=5).read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith((name + " ", name + "{")))

    def control(self, *arguments):
        """payswitchctl over this daemon's socket: (exit status, output)."""
        done = subprocess.run([str(self.build / "bin/payswitchctl"), "--socket", str(self.folder / "control.sock"), *arguments],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr
