"""A bank that answers oddly, and quotes what it was sent wherever it can."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import orjson

# How it answers a payment, by the end of the destination; {} is the destination.
REPLIES = {
    "pays": b'{"result": "PAID", "reason": "paid to {}"}',
    "refuses": b'{"result": "REFUSED", "reason": "no account {}"}',
    "fails": b'{"result": "FAILED", "reason": "not now, {}"}',
    "mumbles": b"{} is what it says",
    "invents": b'{"result": "{}", "reason": "{}"}',
    "breaks": b"the stack of what failed, with {} in it",
    "redirects": b"go to {}",
    "babbles": b"",
    "hangs-up": b"",
    "sleeps": b"",
}
SLEEP_SECONDS = 2.0


class _Handler(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        destination: str = body["destination"]
        manner = destination.rpartition(" ")[2]
        if manner == "sleeps":
            time.sleep(SLEEP_SECONDS)
        if manner == "babbles":
            self.wfile.write(f"HTTP/1.1 two hundred {destination}\r\n{destination}\r\n\r\n".encode())
        elif manner != "hangs-up":
            status = {"breaks": 500, "redirects": 302}.get(manner, 200)
            self._reply(status, REPLIES[manner].replace(b"{}", destination.encode()), destination)

    def do_GET(self) -> None:
        self._reply(200, b'{"result": "REFUSED", "reason": "never"}', "")

    def _reply(self, status: int, body: bytes, destination: str) -> None:
        self.send_response(status, destination)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", f"/{destination}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def odd_bank() -> Iterator[str]:
    """Where it answers, until the end of the block: host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
