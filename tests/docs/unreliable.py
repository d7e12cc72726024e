"""A service seen through a bad day: answers are lost, and callers are turned away, in a fixed order."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RATE_LIMITED = {
    "message": "Slowly.",
    "extensions": {"code": "RATE_LIMITED", "executed": "NO", "retryAfterSeconds": 1},
}
OVERLOADED = {
    "message": "Full.",
    "extensions": {"code": "OVERLOADED", "executed": "NO", "retryAfterSeconds": 1},
}


@dataclass(slots=True)
class BadDay:
    """Where it answers, what each request meets in turn, and the bodies that came, with when. Afterwards all is well.

    "lost": carried out, and the connection is cut before the answer. "limited": 429 with `Retry-After`. "overloaded":
    the error within an answer of 200. "page": what a proxy says in HTML.
    """

    url: str
    meets: list[str]
    bodies: list[bytes] = field(default_factory=list)
    came_at: list[float] = field(default_factory=list)


@contextmanager
def bad_day(service_url: str, *meets: str) -> Iterator[BadDay]:
    """The service of that URL on such a day."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    day = BadDay(f"http://127.0.0.1:{server.server_port}", list(meets))
    server.RequestHandlerClass = _handler(day, service_url)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield day
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(day: BadDay, service_url: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            day.bodies.append(body)
            day.came_at.append(time.monotonic())
            match day.meets.pop(0) if day.meets else "well":
                case "limited":
                    self.answer(429, {"Retry-After": "1"}, json.dumps({"errors": [RATE_LIMITED]}).encode())
                case "overloaded":
                    self.answer(200, {}, json.dumps({"data": None, "errors": [OVERLOADED]}).encode())
                case "page":
                    self.answer(502, {}, b"<h1>Bad Gateway</h1>")
                case "lost":
                    self.pass_on(body)
                case _:
                    self.answer(200, {}, self.pass_on(body))

        def pass_on(self, body: bytes) -> bytes:
            names = ("Content-Type", "Authorization")
            headers = {name: self.headers[name] for name in names if self.headers[name]}
            with urllib.request.urlopen(
                urllib.request.Request(f"{service_url}/graphql", body, headers), timeout=20
            ) as answer:
                return bytes(answer.read())

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
