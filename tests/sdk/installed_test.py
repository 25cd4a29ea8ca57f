"""The *installed* SDK is enough: hello by find_package, the template with its test, and one plugin by pkg-config alone.
usage: installed_test.py BUILD CXX CMAKE"""
import os
import shutil
import subprocess
import sys
import tempfile

build, cxx, cmake = sys.argv[1:4]
flags = ["-DCMAKE_CXX_COMPILER=" + cxx, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O0"]


def run(*command, **more):
    subprocess.run(command, check=True, **more)


with tempfile.TemporaryDirectory() as room:
    prefix = os.path.join(room, "prefix")
    run(cmake, "--install", build, "--component", "sdk", "--prefix", prefix, stdout=subprocess.DEVNULL)
    share = os.path.join(prefix, "share", "payswitch-sdk")
    for name, folder in (("hello", "examples/hello"), ("my_bank", "templates/gateway")):
        source, out = os.path.join(room, name), os.path.join(room, name + "-build")
        shutil.copytree(os.path.join(share, folder), source)
        run(cmake, "-G", "Ninja", "-S", source, "-B", out, "-DCMAKE_PREFIX_PATH=" + prefix, *flags, stdout=subprocess.DEVNULL)
        run(cmake, "--build", out, stdout=subprocess.DEVNULL)
        assert os.path.exists(os.path.join(out, name + ".so")), name
    run("ctest", "--test-dir", os.path.join(room, "my_bank-build"), "--output-on-failure")

    # The conformance suite comes with the kit: a rig of one's own compiles against what is installed.
    rig = os.path.join(room, "rig.cpp")
    with open(rig, "w") as f:
        f.write("""#include <payswitch/conformance/gateway.h>
#include <payswitch/conformance/http_rig.h>
#include <iostream>
int main() {
  const payswitch::conformance::MakeRig none = []() -> std::unique_ptr<payswitch::conformance::Rig> { throw std::runtime_error("no gateway"); };
  return payswitch::conformance::report(payswitch::conformance::run_gateway(none), std::cout) ? 1 : 0;
}
""")
    run(cxx, "-std=c++20", "-I" + os.path.join(prefix, "include"), rig, "-o", os.path.join(room, "rig"))
    run(os.path.join(room, "rig"), stdout=subprocess.DEVNULL)

    pc = next(os.path.join(d, "payswitch-sdk.pc") for d, _, files in os.walk(prefix) if "payswitch-sdk.pc" in files)
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc))
    given = {w: subprocess.run(["pkg-config", w, "payswitch-sdk"], env=environment, check=True, capture_output=True, text=True).stdout.split()
             for w in ("--cflags", "--libs")}
    plugin = os.path.join(room, "by-hand.so")
    run(cxx, "-std=c++20", *given["--cflags"], os.path.join(room, "hello", "hello.cpp"), "-o", plugin, *given["--libs"])
    lint = next(os.path.join(d, "lint.py") for d, _, files in os.walk(prefix) if "lint.py" in files)
    run(sys.executable, lint, plugin)
    with open(os.path.join(room, "lost.cpp"), "w") as f:  # -z defs must bite
        f.write(open(os.path.join(room, "hello", "hello.cpp")).read() + "\nvoid nobody_has_this();\nvoid f() { nobody_has_this(); }\n")
    lost = subprocess.run([cxx, "-std=c++20", *given["--cflags"], os.path.join(room, "lost.cpp"), "-o", plugin, *given["--libs"]], capture_output=True)
    assert lost.returncode != 0, "an undefined symbol must fail at link time"
