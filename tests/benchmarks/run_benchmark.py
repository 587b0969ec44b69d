#!/usr/bin/env python3
"""Runs one of the benchmarks that docs/performance.md names, for a moment only.

Passes when it measured (exit code 0, or 1: a goal missed, which says nothing in so short a run)
and printed each WORD. So it tells of a benchmark that does not run, never of a slow machine.

usage: run_benchmark.py WORD[,WORD...] PROGRAM [ARGUMENT...]
"""

import subprocess
import sys


def main():
    words, command = sys.argv[1].split(","), sys.argv[2:]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    print(ran.stdout + ran.stderr)
    missing = [word for word in words if word not in ran.stdout]
    if missing:
        print("it did not print: " + ", ".join(missing))
    if ran.returncode not in (0, 1):
        print("exit code %d" % ran.returncode)
    return 0 if ran.returncode in (0, 1) and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
