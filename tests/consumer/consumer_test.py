#!/usr/bin/env python3
"""Uses quorumlock as a stranger would: the README's C++ program, with "memory:" for its nodes.

Steps, each a test of ctest: install, find_package, without_gtest, pkg_config, subdirectory.
Standard library only. Everything is made below --work, which `install` empties first.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What an installed tree contains, all of it and nothing else; LIB: lib, lib64 or lib/<triplet>.
INSTALLED = [
    r"bin/quorumlock",
    r"include/quorumlock/((detail|telemetry|testing(/conformance)?)/)?[a-z_]+\.h",
    r"LIB/libquorumlock\.(a|so[.\d]*)",
    r"LIB/libquorumlock_testing\.(a|so[.\d]*)",
    r"LIB/cmake/quorumlock/quorumlock(Config|ConfigVersion|Targets|Targets-[a-z]+)\.cmake",
    r"LIB/pkgconfig/quorumlock\.pc",
    r"share/doc/quorumlock/LICENSE",
]


# What a project tests with, each a program of examples/: the double, scripted nodes and virtual
# time, and the conformance suite on a node of one's own.
TEST_PROGRAMS = ("testing_with_the_double", "testing", "own_node")


def run(*command, **more):
    print("+", " ".join(str(part) for part in command), flush=True)
    subprocess.run([str(part) for part in command], check=True, **more)


def fail(text):
    print(f"consumer: {text}")
    sys.exit(1)


def readme_program(work):
    """The first C++ block of the README with a main(), its Redis nodes replaced by memory ones."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```cpp\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    programs = [block for block in blocks if "int main(" in block]
    if not programs:
        fail("README.md has no C++ program (a ```cpp block with int main)")
    program, count = re.subn(r'"redis://[^"]*"', '"memory:"', programs[0])
    if count == 0:
        fail("the README's program names no redis:// node to be replaced")
    path = work / "readme_program.cpp"
    path.write_text(program, encoding="utf-8")
    return path


def check_output(program):
    run(program, timeout=120)


def library_folder(prefix):
    """lib, lib64 or lib/<triplet>, as this system has it."""
    found = sorted(prefix.glob("lib*/**/quorumlock.pc"))
    if len(found) != 1:
        fail(f"expected one quorumlock.pc below {prefix}, found {found}")
    return found[0].parent.parent


def install(arguments):
    shutil.rmtree(arguments.work, ignore_errors=True)
    arguments.work.mkdir(parents=True)
    run(arguments.cmake, "--install", arguments.build, "--prefix", arguments.prefix)
    names = sorted(path.relative_to(arguments.prefix).as_posix()
                   for path in arguments.prefix.rglob("*") if not path.is_dir())
    lib = library_folder(arguments.prefix).relative_to(arguments.prefix).as_posix()
    patterns = [pattern.replace("LIB", re.escape(lib)) for pattern in INSTALLED]
    for name in names:
        if not any(re.fullmatch(pattern, name) for pattern in patterns):
            fail(f"{name} was installed and should not be")
    for pattern in patterns:
        if not any(re.fullmatch(pattern, name) for name in names):
            fail(f"nothing was installed that matches {pattern}")
    for header in sorted((ROOT / "include").rglob("*.h")):
        name = "include/" + header.relative_to(ROOT / "include").as_posix()
        if name not in names:
            fail(f"{name} was not installed")


def with_cmake(arguments, folder, *definitions):
    build = arguments.work / folder
    run(arguments.cmake, "-S", ROOT / "tests/consumer", "-B", build, "-G", arguments.generator,
        f"-DCMAKE_CXX_COMPILER={arguments.compiler}", "-DCMAKE_BUILD_TYPE=Debug",
        f"-DCMAKE_CXX_COMPILER_LAUNCHER={arguments.launcher}",
        f"-DREADME_PROGRAM={readme_program(arguments.work)}",
        f"-DTEST_PROGRAMS={ROOT / 'examples'}", *definitions)
    run(arguments.cmake, "--build", build, "-j", "2")
    for program in ("consumer", *TEST_PROGRAMS):
        if program == "consumer" or (build / program).exists():
            check_output(build / program)
    return build


def find_package(arguments):
    build = with_cmake(arguments, "find_package", f"-DCMAKE_PREFIX_PATH={arguments.prefix}")
    for program in TEST_PROGRAMS:
        if not (build / program).exists():
            fail(f"{program} was not built")


def without_gtest(arguments):
    build = with_cmake(arguments, "without_gtest", f"-DCMAKE_PREFIX_PATH={arguments.prefix}",
                       "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON")
    for program in TEST_PROGRAMS:
        if (build / program).exists():
            fail(f"{program} was built without GoogleTest")


def subdirectory(arguments):
    with_cmake(arguments, "subdirectory", f"-DQUORUMLOCK_DIR_TO_EMBED={ROOT}")


def pkg_config(arguments):
    lib = library_folder(arguments.prefix)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(lib / "pkgconfig"))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "quorumlock"], check=True,
                           env=environment, capture_output=True, text=True).stdout.split()
    folder = arguments.work / "pkg_config"
    folder.mkdir(exist_ok=True)
    run(arguments.compiler, "-std=c++20", readme_program(arguments.work), "-o",
        folder / "consumer", *flags, f"-Wl,-rpath,{lib}")
    check_output(folder / "consumer")


def main():
    steps = {step.__name__: step for step in (install, find_package, without_gtest, pkg_config,
                                               subdirectory)}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=sorted(steps))
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--launcher", default="")
    parser.add_argument("--generator", default="Ninja")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.prefix = arguments.work / "prefix"
    try:
        steps[arguments.step](arguments)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        fail(f"{arguments.step}: {error}")


if __name__ == "__main__":
    main()
