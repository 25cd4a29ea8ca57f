"""The measured servers, each started by hand in a temporary folder and stopped at the end; and what they cost in CPU."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import payswitch  # noqa: E402
from payswitch import free_port  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
# On the same disk for everybody; /tmp may be memory.
FOLDER = "/var/tmp"


def stat_fields(pid):
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2:].split()


def cpu_seconds(pid):
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_seconds(pid):
    """Of a process, of children it has reaped, and of its living children."""
    fields = stat_fields(pid)
    total = sum(int(f) for f in fields[11:15])
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            child = stat_fields(entry.name)
        except OSError:
            continue
        if child[1] == str(pid):
            total += int(child[11]) + int(child[12])
    return total / TICKS


def accepts(port):
    with socket.socket() as s:
        s.settimeout(0.2)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A process in a temporary folder; use with `with`."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"payswitch-bench-{name}-", dir=FOLDER))
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        log = self.folder / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    def wait_until(self, ready, seconds):
        end = time.monotonic() + seconds
        name = type(self).__name__
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{name} ended with {self.process.returncode}:\n{self.output()}")
            if ready():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{name} is not ready after {seconds} s:\n{self.output()}")

    def spawn(self, command, **more):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)


class Nginx(Server):
    """A worker per core, as the daemon has a loop per core, that answers 200 with two bytes."""

    def __init__(self):
        super().__init__("nginx")

    def start(self):
        self.port = free_port()
        paths = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = f"user {unprivileged()};\n" if os.getuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(f"""{user}worker_processes auto;
daemon off;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 4096; }}
http {{
{paths}access_log off;
keepalive_requests 1000000000;
server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "ok"; }} }}
}}
""")
        self.spawn([shutil.which("nginx") or "/usr/sbin/nginx", "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"])
        self.wait_until(lambda: accepts(self.port), 10)
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.workers = [int(child) for child in children]

    def cpu(self):
        return sum(cpu_seconds(worker) for worker in self.workers)


def unprivileged():
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres(Server):
    """PostgreSQL 15 with durable commits, on a Unix socket only, with room to breathe."""

    SETTINGS = dict(synchronous_commit="on", fsync="on", full_page_writes="on", shared_buffers="512MB", max_wal_size="8GB",
                    checkpoint_timeout="30min", wal_buffers="16MB", max_connections="120", listen_addresses="", autovacuum="on")

    def __init__(self):
        super().__init__("postgres")

    def as_user(self, command):
        command = [str(c) for c in command]
        if os.getuid() == 0:
            return ["setpriv", f"--reuid={unprivileged()}", f"--regid={pwd.getpwnam(unprivileged()).pw_gid}", "--clear-groups", *command]
        return command

    def start(self):
        if os.getuid() == 0:
            user = pwd.getpwnam(unprivileged())
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        subprocess.run(self.as_user([POSTGRES_BIN / "initdb", "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync"]),
                       check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        settings = [f"-c{key}={value}" for key, value in self.SETTINGS.items()]
        self.spawn(self.as_user([POSTGRES_BIN / "postgres", "-D", data, "-k", self.folder, *settings]), cwd=self.folder)
        self.wait_until(lambda: subprocess.run([POSTGRES_BIN / "pg_isready", "-q", "-h", str(self.folder)]).returncode == 0, 30)

    def stop(self, how=signal.SIGINT):  # SIGINT: PostgreSQL's fast shutdown
        super().stop(how)

    def sql(self, text):
        return subprocess.run([POSTGRES_BIN / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", "bench", "-d", "postgres"],
                              input=text, capture_output=True, text=True, check=True).stdout.strip()

    def pgbench(self, script, clients, seconds, **variables):
        """(transactions per second, CPU seconds of the server, transactions)"""
        defines = [f"-D{key}={value}" for key, value in variables.items()]
        before = tree_cpu_seconds(self.process.pid)
        out = subprocess.run([POSTGRES_BIN / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "2", "-T", str(seconds),
                              *defines, "-h", str(self.folder), "-U", "bench", "postgres"], capture_output=True, text=True, check=True).stdout
        time.sleep(0.1)  # backends that have just left are reaped
        cpu = tree_cpu_seconds(self.process.pid) - before
        lines = dict(line.split(" = ", 1) if " = " in line else line.split(": ", 1) for line in out.splitlines() if " = " in line or ": " in line)
        if not lines.get("number of failed transactions", "0 ").startswith("0 "):
            raise RuntimeError(f"pgbench: failed transactions: {lines['number of failed transactions']}")
        return float(lines["tps"].split()[0]), cpu, int(lines["number of transactions actually processed"].split("/")[0])


class Payswitch(Server):
    """The real daemon over the embedded ledger. nosync preloads syncs that cost nothing (http.sync_vs_nosync)."""

    def __init__(self, build, nosync=False):
        super().__init__("payswitch")
        self.daemon = payswitch.Daemon(build, self.folder)
        self.port = self.daemon.port
        self.environment = {"LD_PRELOAD": str(self.daemon.build / "bench/nosync.so")} if nosync else {}

    def start(self):
        try:
            self.daemon.start(**self.environment)
        finally:
            self.process = self.daemon.process

    def key(self):
        """A new API key that may do everything the load does; known to every loop when this returns."""
        status, said = self.daemon.control("key", "create", "--principal", "bench", "--scopes", "read,pay,accounts,cash", "--yes", "--json")
        if status != 0:
            raise RuntimeError(f"key create: {said}")
        time.sleep(2.5)  # the loops' tables are read again every second
        answer = json.loads(said)
        return answer.get("result", answer)["key"]

    def cpu(self):
        return cpu_seconds(self.process.pid)
