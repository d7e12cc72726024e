"""A collector of traces: OTLP over HTTP, as the specification of OpenTelemetry has it."""

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A span as it came; times in nanoseconds since 1970, ids in hexadecimal digits, `parent` "" for none."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    began_at: int
    ended_at: int
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    is_error: bool
    process: str


@dataclass
class Receiver:
    """Where it answers, what came, and the bodies as they came."""

    url: str
    spans: list[Seen] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = _values(resource.resource.attributes)["purser.process"]
            for scope in resource.scope_spans:
                self.spans += [_seen(span, process) for span in scope.spans]

    def until(self, told: Callable[[list[Seen]], Any]) -> Any:
        """What `told` makes of the spans, once it is true of them."""
        give_up_at = time.monotonic() + SECONDS_MAX
        while not (found := told(self.spans)):
            assert time.monotonic() < give_up_at, "\n".join(map(str, self.spans))
            time.sleep(0.05)
        return found

    def trace(self, trace: str) -> list[Seen]:
        return sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.began_at)

    def tree(self, trace: str) -> dict[str, Any]:
        """The spans of a trace by their names, each with those below it; none of the same name stand side by side."""
        spans = self.trace(trace)
        known = {span.id for span in spans}

        def below(parent: str) -> dict[str, Any]:
            children = [span for span in spans if (span.parent if span.parent in known else "") == parent]
            named = {span.name: below(span.id) for span in children}
            assert len(named) == len(children), children
            return named

        return below("")


def _seen(span: Any, process: str) -> Seen:
    return Seen(
        name=span.name,
        kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        began_at=span.start_time_unix_nano,
        ended_at=span.end_time_unix_nano,
        attributes=_values(span.attributes),
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        is_error=span.status.code == 2,
        process=process,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Receives until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            receiver.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
