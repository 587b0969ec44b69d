"""Nodes that misbehave, one kind a process: python3 compare_faults.py KIND PORT [TARGET_PORT].

silent   accepts and never answers          late      a proxy that answers 100 ms late
reset    resets every connection            garbage   answers noise to whatever it is sent
"""

import asyncio
import os
import socket
import struct
import subprocess
import sys
import time

KINDS = ("silent", "late", "reset", "garbage")
DELAY = 0.1


def start(kind, port, target_port):
    """Starts one in a process of its own and waits until it listens."""
    process = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), kind, str(port), str(target_port)])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError("the faulty node does not start")


async def swallow(reader):
    while await reader.read(65536):
        pass


async def on_silent(reader, writer, _):
    await swallow(reader)


async def on_reset(reader, writer, _):
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def on_garbage(reader, writer, _):
    while await reader.read(65536):
        writer.write(os.urandom(512))
        await writer.drain()


async def on_late(reader, writer, target_port):
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", target_port)
    loop = asyncio.get_running_loop()

    async def forward():
        while data := await reader.read(65536):
            upstream_writer.write(data)
        upstream_writer.close()

    task = asyncio.ensure_future(forward())
    try:
        while data := await upstream_reader.read(65536):
            # Each chunk is late by the same time, so the rate is not cut down.
            loop.call_later(DELAY, write_if_open, writer, data)
    finally:
        task.cancel()


def write_if_open(writer, data):
    if not writer.is_closing():
        writer.write(data)


async def serve(kind, port, target_port):
    handler = globals()["on_" + kind]

    async def connected(reader, writer):
        try:
            await handler(reader, writer, target_port)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    # It shares the machine with what is measured.
    os.nice(5)
    try:
        asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    except KeyboardInterrupt:
        pass
