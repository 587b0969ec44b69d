"""Redis servers for one run of benchmarks/compare, and the programs it measures."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


class RunFailed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, *words):
    """Sends one inline command to a server of ours; the whole reply as text."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall((" ".join(words) + "\r\n").encode())
        reply = b""
        while b"\r\n" not in reply:
            reply += connection.recv(65536)
        head, _, rest = reply.partition(b"\r\n")
        if head[:1] != b"$":
            return head[1:].decode()
        size = int(head[1:])
        while len(rest) < size:
            rest += connection.recv(65536)
        return rest[:size].decode()


class Servers:
    """Five (or so) redis-server processes on free loopback ports, without persistence."""

    def __init__(self, count):
        self.directory = tempfile.mkdtemp(prefix="quorumlock-bench-")
        self.ports = [free_port() for _ in range(count)]
        self.processes = []
        try:
            for port in self.ports:
                self.processes.append(self._start(port))
            for port in self.ports:
                self._await(port)
        except BaseException:
            self.close()
            raise

    def _start(self, port):
        log = open(os.path.join(self.directory, "%d.log" % port), "wb")
        with log:
            return subprocess.Popen(
                ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", self.directory],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _await(self, port):
        for _ in range(100):
            try:
                if ask(port, "PING") == "PONG":
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RunFailed("redis-server on port %d does not answer" % port)

    def uris(self):
        return ["redis://127.0.0.1:%d" % port for port in self.ports]

    def reset_counts(self):
        for port in self.ports:
            ask(port, "CONFIG", "RESETSTAT")

    def calls(self, command):
        """How often each server has run the command since reset_counts()."""
        counts = []
        for port in self.ports:
            count = 0
            for line in ask(port, "INFO", "commandstats").splitlines():
                if line.startswith("cmdstat_%s:calls=" % command):
                    count = int(line.split("=")[1].split(",")[0])
            counts.append(count)
        return counts

    def freeze(self, index):
        self.processes[index].send_signal(signal.SIGSTOP)

    def thaw(self, index):
        self.processes[index].send_signal(signal.SIGCONT)

    def close(self):
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def resident_kib(pid):
    try:
        with open("/proc/%d/status" % pid) as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def measure(command, at=None, sample_every=None, limit=300):
    """Runs a program that prints one JSON object. `at`: (seconds, function) to call while it
    runs. Adds rss_samples (KiB) when sampled, and stderr's text."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(at[0], at[1]) if at else None
    samples = []
    ended = threading.Event()

    def sample():
        while not ended.wait(sample_every):
            resident = resident_kib(process.pid)
            if resident:
                samples.append(resident)

    sampler = threading.Thread(target=sample) if sample_every else None
    try:
        if timer:
            timer.start()
        if sampler:
            sampler.start()
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RunFailed("%s: still not done after %g s" % (command[0], limit))
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        ended.set()
        if timer:
            timer.cancel()
        if sampler:
            sampler.join()
    try:
        result = json.loads(out)
    except ValueError:
        raise RunFailed("%s: exit code %d: %s" % (command[0], process.returncode, err.strip()))
    result["stderr"] = err.strip()
    if sample_every:
        result["rss_samples"] = samples
    return result
