"""Every #include points downwards. The table of levels stands here and nowhere else (docs/internals/architecture.md explains it).

plugins -> sdk <- daemon. The SDK knows nobody, a plugin only the SDK and its own libraries, a room of the daemon only rooms below it."""

import pathlib
import re

import support

# Lower never includes higher.
LEVELS = ["base", "net", "config", "plugin_host", "ledger", "auth", "transfer", "events", "api", "control", "app"]
# Rooms beside the ladder, and files of daemon/ itself, with what they may include.
BESIDE = {"ctl": {"base", "config", "plugin_host"}, "ui": set(), "main.cpp": {"app", "base", "config"}}
# Libraries a room stays free of although its level would allow them.
NEVER = {
    "base": {"boost/asio", "boost/beast"},
    "transfer": {"boost/json", "boost/asio", "boost/beast", "net/http", "sys/socket.h"},
    "ledger": {"boost/asio", "boost/beast", "net/http"},
}
# No file of the daemon knows what a connector speaks.
NEVER_IN_DAEMON = re.compile(r"^(librdkafka|mysql|mariadb|plugins)(/|\.h|$)")
# Where a plugin that ships may be named: --help with a whole configuration, the arguments of payswitchctl, and the default of
# `payswitchctl ledger verify --plugin` (a directory without a daemon does not say who wrote it).
HELP = {"daemon/app/arguments.cpp", "daemon/config/commands.cpp", "daemon/ctl/ledger_verify.cpp"}
PLUGINS = {"local_ledger", "mysql_ledger", "peer_http", "kafka_saga", "google_login", "sim_bank"}
# The C ABI; abi.h ends with its layout asserts.
C_BORDER = {"sdk/include/payswitch/abi.h", "sdk/include/payswitch/abi_layout.h"}
# Headers that cost seconds: they stay inside the room that needs them.
HEAVY = ("boost/asio", "boost/beast", "boost/json", "toml++", "openssl/", "Poco/", "librdkafka/")

STD = set("""algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale
cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime
cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios
iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue
random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
string string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
variant vector version""".split())
C11 = {f"{name}.h" for name in """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype""".split()}
POSIX = {"dlfcn.h", "elf.h", "fcntl.h", "link.h", "poll.h", "pthread.h", "unistd.h", "netdb.h", "spawn.h", "glob.h", "dirent.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def includes(text):
    plain = support.without_comments(text)
    return [(support.line_of(plain, m.start(1)), m.group(1), m.group(2)) for m in INCLUDE.finditer(plain)]


def is_system(name):
    return name in STD or name in C11


# Compiled in only with planted bugs: it dies and waits like the process around it.
FAILPOINT_POSIX = {"fcntl.h", "sys/stat.h", "unistd.h"}


def judge_sdk(root, path, kind, name):
    """None, or what is wrong with this #include of a file below sdk/."""
    contract = path.parts[1] == "include"
    if str(path) in C_BORDER:
        return None if name in C11 or f"sdk/include/{name}" in C_BORDER else "abi.h is C11: only C headers"
    if name.startswith("payswitch/") or is_system(name):
        return None
    if kind == '"' and ".." not in name and ((root / path.parent / name).exists() or (root / "sdk" / name).exists()):
        return None
    if contract and name in FAILPOINT_POSIX and path.name == "failpoint.h":
        return None
    if contract:
        return "the SDK includes only the standard library and itself"
    if name in POSIX or name.startswith("sys/"):
        return None
    if name.startswith("gtest/") and path.parts[1] in ("testing", "templates"):
        return None
    if path.parts[1] in ("testing", "tools") and (root / "sdk" / path.parts[1] / name).exists():
        return None
    return "the SDK includes only the standard library and itself"


def judge_plugin(root, path, kind, name):
    own = pathlib.Path(*path.parts[:2])
    if ".." in name.split("/"):
        return "a plugin's includes do not climb out of its folder"
    if name.startswith("payswitch/"):
        return None
    if (root / own / name).exists() or (root / path.parent / name).exists():
        return None
    first = name.split("/")[0]
    if first in LEVELS or first in BESIDE or first == "daemon":
        return "a plugin knows only the SDK, never the daemon"
    if first in PLUGINS or first == "plugins":
        return "a plugin never includes another plugin"
    return "not a file of this plugin" if kind == '"' else None


def judge_daemon(root, path, kind, name):
    room = path.parts[1]
    if name.startswith("payswitch/"):
        return None
    if NEVER_IN_DAEMON.match(name) or name.split("/")[0] in PLUGINS:
        return "the daemon meets plugins only as files named in configuration"
    for never in NEVER.get(room, ()):
        if name.startswith(never):
            return f"{room} stays free of {never}"
    if kind == "<":
        return None
    target = name.split("/")[0]
    if target == room:
        return None
    if "/" not in name:
        return None if (root / path.parent / name).exists() else 'write "room/file.h"'
    if target not in LEVELS and target not in BESIDE:
        return f"{target} is not a room of the daemon"
    if room in BESIDE:
        return None if target in BESIDE[room] else f"{room} may include only {', '.join(sorted(BESIDE[room])) or 'nothing'}"
    if room not in LEVELS:
        return f"{room} has no level in tests/checks/layers.py"
    if target in BESIDE or LEVELS.index(target) > LEVELS.index(room):
        return f"{room} is below {target}"
    return None


def heavy_headers(root, tree):
    """Complaints about files that reach a heavy library header through a header of another room."""
    heavy = {path for path, rows in tree.items() if path.suffix == ".h" and any(n.startswith(HEAVY) for _, _, n in rows)}
    while True:
        more = {path for path, rows in tree.items() if path.suffix == ".h" and path not in heavy
                and any(pathlib.Path("daemon") / n in heavy for _, k, n in rows if k == '"')}
        if not more:
            break
        heavy |= more
    for path, rows in tree.items():
        for line, kind, name in rows:
            target = pathlib.Path("daemon") / name
            if kind == '"' and target in heavy and target.parts[1] != path.parts[1]:
                yield f"{path}:{line}: {name} brings a heavy library header into another room"


def check(root):
    root = pathlib.Path(root)
    complaints = []
    daemon = {}
    for folder, judge in (("sdk", judge_sdk), ("plugins", judge_plugin), ("daemon", judge_daemon)):
        for path in support.files(root, folder, suffixes=support.CPP):
            text = support.read(root, path)
            rows = includes(text)
            if folder == "daemon":
                daemon[path] = rows
            if folder == "sdk" and len(path.parts) < 3:
                continue
            complaints += [f"{path}:{line}: {name}: {wrong}" for line, kind, name in rows if (wrong := judge(root, path, kind, name))]
            if folder == "daemon":
                plain = support.without_comments(text)
                names = PLUGINS | {p.name for p in (root / "plugins").glob("*/")}
                for match in () if str(path) in HELP else re.finditer(r"\b(" + "|".join(sorted(names)) + r")\b", plain):
                    complaints.append(f"{path}:{support.line_of(plain, match.start())}: the daemon never names a plugin ({match.group(1)})")
                if path.parts[1] == "auth" and (match := re.search(r"google", plain, re.I)):
                    complaints.append(f"{path}:{support.line_of(plain, match.start())}: auth knows logins, not Google")
    return complaints + list(heavy_headers(root, daemon))


CASES = [
    ("a clean tree", {
        "daemon/base/log.h": "#pragma once\n#include <string>\n", "daemon/net/listener.cpp": '#include "net/listener.h"\n#include "base/log.h"\n#include <boost/asio.hpp>\n',
        "daemon/net/listener.h": "#include <payswitch/abi.h>\n", "sdk/include/payswitch/abi.h": "#include <stdint.h>\n",
        "plugins/x/plugin.cpp": '#include "engine.h"\n#include <payswitch/abi.h>\n#include <rdkafka.h>\n', "plugins/x/engine.h": "#include <vector>\n",
        "daemon/main.cpp": '#include "app/run.h"\n'}, None),
    ("a lower room includes a higher one", {"daemon/net/a.cpp": '#include "transfer/b.h"\n'}, "net is below transfer"),
    ("an include in a comment does not count", {"daemon/net/a.cpp": '/*\n#include "transfer/b.h"\n*/\n// #include "api/x.h"\n'}, None),
    ("ctl includes the ledger room", {"daemon/ctl/a.cpp": '#include "ledger/b.h"\n'}, "ctl may include only"),
    ("a room includes ctl", {"daemon/app/a.cpp": '#include "ctl/b.h"\n'}, "app is below ctl"),
    ("a room without a level", {"daemon/misc/a.cpp": '#include "base/b.h"\n'}, "misc has no level"),
    ("main reaches into a room", {"daemon/main.cpp": '#include "net/b.h"\n'}, "main.cpp may include only"),
    ("a help text names what ships", {"daemon/app/arguments.cpp": 'auto p = "local_ledger";\n'}, None),
    ("the daemon includes a client library", {"daemon/app/a.cpp": "#include <mysql/mysql.h>\n"}, "only as files named in configuration"),
    ("the daemon names a plugin", {"daemon/app/a.cpp": 'auto p = "kafka_saga";\n'}, "never names a plugin"),
    ("auth knows Google", {"daemon/auth/a.cpp": 'auto p = "accounts.google.com";\n'}, "not Google"),
    ("transfer speaks JSON", {"daemon/transfer/a.cpp": "#include <boost/json.hpp>\n"}, "transfer stays free of boost/json"),
    ("the SDK uses Boost", {"sdk/include/payswitch/x.h": "#include <boost/dll.hpp>\n"}, "only the standard library"),
    ("abi.h uses C++", {"sdk/include/payswitch/abi.h": "#include <cstdint>\n"}, "abi.h is C11"),
    ("a plugin includes the daemon", {"plugins/x/a.cpp": '#include "base/log.h"\n'}, "never the daemon"),
    ("a plugin includes the daemon in angle brackets", {"plugins/x/a.cpp": "#include <base/log.h>\n"}, "never the daemon"),
    ("a plugin climbs out", {"plugins/x/a.cpp": '#include "../y/b.h"\n', "plugins/y/b.h": ""}, "climb out"),
    ("a heavy header leaks through a header of its room", {
        "daemon/net/inner.h": "#include <boost/asio.hpp>\n", "daemon/net/outer.h": '#include "net/inner.h"\n',
        "daemon/api/a.cpp": '#include "net/outer.h"\n'}, "heavy library header"),
]

if __name__ == "__main__":
    support.main(check, CASES)
