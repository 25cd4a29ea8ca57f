"""Each header of sdk/include and daemon/ compiles alone: a file that includes it needs nothing before it.

Uses the flags of the build (compile_commands.json) and the compiler cache, so a second run costs next to nothing. The C border is
compiled as C11, C++17 and C++20 as well."""

import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

import support

LAUNCHER = [ccache] if (ccache := shutil.which("ccache")) else []
# Parts of another header, compiled with it.
PARTS = {"abi_layout.h"}
DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}


def flags_of(entry):
    """(compiler, flags) of a compile_commands entry, without launcher, optimisation, input and output."""
    words = shlex.split(entry["command"])
    start = next(i for i, word in enumerate(words) if not word.endswith(("ccache", "unit_cost_launcher")))
    kept, skip = [], False
    for word in words[start + 1:]:
        if skip:
            skip = False
        elif word in DROPPED_WITH_VALUE:
            skip = True
        elif word in ("-c", "-MD", "-MMD") or word.startswith(("-O", "-D_FORTIFY_SOURCE")) or word == entry["file"]:
            continue
        else:
            kept.append(word)
    return words[start], kept


def jobs(root, build):
    """(title, command without input and output, text of the unit) for each header."""
    root = pathlib.Path(root).resolve()
    entries = [e for e in json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
               if pathlib.Path(e["file"]).is_relative_to(root)]
    by_folder = {}
    for entry in entries:
        relative = pathlib.Path(entry["file"]).relative_to(root)
        by_folder.setdefault(relative.parts[:2], entry)
    anything = next((e for e in entries if e["file"].endswith(".cpp")), None)
    for header in support.files(root, "sdk/include", "daemon", suffixes={".h"}):
        if header.name in PARTS:
            continue
        entry = by_folder.get(header.parts[:2], anything)
        if entry is None:
            continue
        compiler, flags = flags_of(entry)
        if header.parts[0] == "daemon":
            include, extra = header.relative_to("daemon"), [f"-I{root / 'daemon'}", f"-I{root / 'sdk/include'}"]
        else:
            include, extra = header.relative_to("sdk/include"), [f"-I{root / 'sdk/include'}"]
        command = [compiler, *flags, *extra, "-Wno-unused-const-variable", "-O0", "-c", "-x"]
        if header.name == "abi.h":
            plain = ["-Wall", "-Wextra", "-pedantic", "-Werror", *extra, "-O0", "-c", "-x"]
            compiler_c = "gcc" if "g++" in compiler or compiler.endswith("c++") else "clang-19"
            yield f"{header} as C11", [compiler_c, "-std=c11", *plain, "c"], f"#include <{include}>\n"
            yield f"{header} as C++17", [compiler, "-std=c++17", *plain, "c++"], f"#include <{include}>\n"
            yield f"{header} as C++20", [compiler, "-std=c++20", *plain, "c++"], f"#include <{include}>\n"
        else:
            yield str(header), [*command, "c++"], f'#include "{include}"\n'


def compile_one(folder, number, job):
    title, command, text = job
    source = folder / f"{number}.cpp"
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    result = subprocess.run([*LAUNCHER, *command, str(source), "-o", str(folder / f"{number}.o")], capture_output=True, text=True)
    first = next((line for line in result.stderr.splitlines() if "error" in line), result.stderr.strip()[:200])
    return None if result.returncode == 0 else f"{title}: does not compile alone: {first}"


def check_build(root, build):
    folder = pathlib.Path(build) / "header_alone"
    folder.mkdir(exist_ok=True)
    os.environ.setdefault("CCACHE_BASEDIR", str(pathlib.Path(root).resolve()))
    os.environ.setdefault("CCACHE_NOHASHDIR", "1")
    todo = list(jobs(root, build))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Named after the header, so that the cache finds the unit again when headers come and go.
        results = pool.map(lambda job: compile_one(folder, job[0].replace("/", "_").replace(" ", "_"), job), todo)
    return [r for r in results if r], len(todo)


def check_planted(root):
    """The same over a planted tree, with a build folder made for it."""
    with tempfile.TemporaryDirectory() as build:
        source = root / "daemon/net/a.cpp"
        command = f"g++ -std=c++20 -Wall -Wextra -Werror -O2 -o a.o -c {source.resolve()}"
        (pathlib.Path(build) / "compile_commands.json").write_text(json.dumps([{"command": command, "file": str(source.resolve())}]))
        return check_build(root, build)[0]


CASES = [
    ("headers that stand alone", {"daemon/net/a.cpp": "", "daemon/net/a.h": "#pragma once\n#include <string>\nstd::string f();\n",
                                  "daemon/api/b.h": '#pragma once\n#include "net/a.h"\n', "sdk/include/payswitch/abi.h": "#include <stdint.h>\ntypedef int32_t psw_x;\n"}, None),
    ("a header that needs another before it", {"daemon/net/a.cpp": "", "daemon/net/a.h": "#pragma once\nstd::string f();\n"}, "net/a.h: does not compile alone"),
    ("abi.h that is not C", {"daemon/net/a.cpp": "", "sdk/include/payswitch/abi.h": "enum class x { a };\n"}, "as C11"),
]

if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(support.self_test(check_planted, CASES))
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} ROOT BUILD | --self-test")
    wrong, total = check_build(sys.argv[1], sys.argv[2])
    print(*wrong, sep="\n")
    print(f"{total - len(wrong)} of {total} headers compile alone")
    sys.exit(1 if wrong or total == 0 else 0)
