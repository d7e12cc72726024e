"""A bank that pays everything, and remembers with which heads it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Bank:
    """Where it answers, and the `traceparent` of each request, by the reference."""

    url: str
    traceparents: dict[str, str] = field(default_factory=dict)


@contextmanager
def running_bank() -> Iterator[Bank]:
    """Pays until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            bank.traceparents[self.path.rpartition("/")[2]] = self.headers.get("traceparent", "")
            body = b'{"result": "PAID", "reason": ""}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        bank = Bank(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield bank
        finally:
            server.shutdown()
            thread.join()
