#!/usr/bin/env python3
"""Runs a program beside a redis-server of its own, whose port is in QUORUMLOCK_DATA.

usage: with_redis.py PROGRAM [ARGUMENT...]      exit code: the program's; 2: no server
"""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))
from compare_nodes import RunFailed, Servers  # noqa: E402


def main():
    try:
        servers = Servers(1)
    except (RunFailed, OSError) as failure:
        print("with_redis.py: %s" % failure, file=sys.stderr)
        return 2
    try:
        environment = dict(os.environ, QUORUMLOCK_DATA=str(servers.ports[0]))
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
    finally:
        servers.close()


if __name__ == "__main__":
    sys.exit(main())
