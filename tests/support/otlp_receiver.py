#!/usr/bin/env python3
"""A receiver of OTLP/HTTP traces for tests: tells what it got, answers as it is told.

usage: otlp_receiver.py [ANSWER...]                  prints its port, then one JSON object a request
       otlp_receiver.py --run PROGRAM [ARGUMENT...]  runs PROGRAM with OTEL_EXPORTER_OTLP_ENDPOINT set
                                                     to it; exit code 0 when PROGRAM ends well and
                                                     has sent spans of an acquire and a release

ANSWER, one for each request in turn, the last one for all that follow: a status ("503"), with seconds
of Retry-After ("503:1"), "partial" (200, one span rejected), "html" (200), "garbage" (no HTTP),
"close" (nothing). Without any: 200.
"""

import http.server
import json
import os
import subprocess
import sys
import threading

ANSWERS = {200: '{"partialSuccess":{}}', 400: '{"code":3,"message":"no such thing"}'}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.tell({"path": self.path, "headers": headers, "body": json.loads(body)})
        self.answer(self.server.next_answer())

    def answer(self, how):
        if how in ("garbage", "close"):
            self.close_connection = True
            if how == "garbage":
                self.wfile.write(b"\x00\x01 this is no HTTP at all\r\n\r\n" * 3)
            return
        kind, body = "application/json", ""
        if how == "partial":
            how, body = "200", '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
        elif how == "html":
            how, kind, body = "200", "text/html", "<html>welcome</html>"
        status, _, pause = how.partition(":")
        body = (body or ANSWERS.get(int(status), '{"message":"later"}')).encode()
        self.send_response(int(status))
        if pause:
            self.send_header("Retry-After", pause)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers or ["200"]
        self.lock = threading.Lock()
        self.got = []
        self.quiet = False

    def next_answer(self):
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def tell(self, request):
        with self.lock:
            self.got.append(request)
            if not self.quiet:
                print(json.dumps(request), flush=True)


def spans(request):
    for resource in request["body"]["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            yield from scope["spans"]


def run(program):
    server = Server([])
    server.quiet = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    where = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}"}
    code = subprocess.run(program, env={**os.environ, **where}, check=False).returncode
    names = {span["name"] for request in server.got for span in spans(request)}
    missing = {"DistributedLock.Acquire", "DistributedLock.Release"} - names
    if missing:
        print(f"no such span has come: {sorted(missing)}, only {sorted(names)}")
    return code or (1 if missing else 0)


def main(arguments):
    if arguments[:1] == ["--run"]:
        return run(arguments[1:])
    server = Server(arguments)
    print(f"port {server.server_address[1]}", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
