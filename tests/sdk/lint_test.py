"""The lint fails for each thing it is there for, and passes a good plugin. usage: lint_test.py LINT INCLUDE CXX"""
import os
import subprocess
import sys
import tempfile

lint, include, cxx = sys.argv[1:4]
failures = 0


def check(name, expected, plugin=None, source=None):
    global failures
    command = [sys.executable, lint] + ([plugin] if plugin else ["--sources-only"]) + ([source] if source else [])
    result = subprocess.run(command, capture_output=True, text=True)
    ok = (result.returncode == 0) if expected is None else (result.returncode == 1 and expected in result.stderr)
    if not ok:
        failures += 1
        print(f"failed: {name}: wanted {expected!r}, got {result.returncode} {result.stderr}")


GOOD = """#include <payswitch/note.h>
#include <payswitch/abi.h>
PSW_NOTE("org.example.x", "1.0.0", 1);
extern "C" constexpr psw_plugin psw_plugin_entry = {PSW_MAGIC, sizeof(psw_plugin), 0, 1, 1, 0, {}, {}, {}, {}, {}, {}};
"""

with tempfile.TemporaryDirectory() as room:
    os.chdir(room)
    with open("one.version", "w") as f:
        f.write("{ global: psw_plugin_entry; local: *; };\n")

    def build(name, text, *flags):
        with open(name + ".cpp", "w") as f:
            f.write(text)
        subprocess.run([cxx, "-std=c++20", "-I" + include, "-fPIC", "-shared", name + ".cpp", "-o", name + ".so", *flags], check=True)
        return name + ".so"

    hard = ["-fvisibility=hidden", "-Wl,--version-script=one.version", "-Wl,-z,now", "-Wl,-z,nodelete"]
    check("a good plugin passes", None, build("good", GOOD, *hard))
    check("a second export", "exports 2 symbols", build("two", GOOD + 'extern "C" int more() { return 1; }\n', "-Wl,-z,now", "-Wl,-z,nodelete"))
    check("no entry", "exports 0 symbols", build("none", '#include <payswitch/note.h>\nPSW_NOTE("x", "1", 1);\n', *hard))
    check("an entry that is a function", "not a data object", build("function", '#include <payswitch/note.h>\nPSW_NOTE("x", "1", 1);\n'
          'extern "C" __attribute__((visibility("default"))) void entry() __asm__("psw_plugin_entry");\nvoid entry() {}\n', *hard))
    check("no note", "no note", build("unnoted", GOOD.replace("PSW_NOTE", "//"), *hard))
    check("lazy binding", "bound lazily", build("lazy", GOOD, *hard[:2], "-Wl,-z,lazy", "-Wl,-z,nodelete"))
    check("may be unloaded", "may be unloaded", build("delete", GOOD, *hard[:3]))
    check("a private run time", "own C++ runtime", build("static", GOOD + "void f(int i) { if (i) throw i; }\nauto p = &f;\n", *hard, "-static-libstdc++", "-static-libgcc"))
    with open("text.so", "w") as f:
        f.write("not a plugin")
    check("a text file", "not a 64-bit", "text.so")

    def source(text):
        with open("source.cpp", "w") as f:
            f.write(text)
        return "source.cpp"

    for bad in ("void f() {\n  co_await call([keep] { return keep; });\n}\n", "void f() {\n  auto x = co_await call([&, this](auto h) mutable { h(); });\n}\n"):
        check(bad, "capturing lambda", source=source(bad))
    for bad in ("void f() {\n  co_await g(Options{a, b});\n}\n", "void f() {\n  co_await g({.a = 1});\n}\n", "void f() {\n  x = co_await send(\n    Msg{keep});\n}\n"):
        check(bad, "braced temporary", source=source(bad))
    for good in ("void f() {\n  Options o{a, b};\n  co_await g(std::move(o));\n}\n", "void f() {\n  co_await g(table[i]);\n}\n", "// co_await f(X{1});\nint x;\n",
                 'void f() {\n  co_await g("X{1}");\n}\n', "void f() {\n  if (co_await g(1)) {\n    h();\n  }\n}\n", "void f() {\n  co_await run([] { return 1; });\n}\n"):
        check(good, None, source=source(good))

sys.exit(1 if failures else 0)
