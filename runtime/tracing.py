"""Traces: what OpenTelemetry is told of where the time goes, while PURSER_TRACES is on; docs/observability.md.

This is all that the rest of the service knows of it. While traces are off nothing of OpenTelemetry is imported, and
each of these functions looks at one variable and returns.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from runtime.settings import Settings
from runtime.spans import Attributes, Kind

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from runtime.telemetry import Telemetry

_telemetry: "Telemetry | None" = None


@asynccontextmanager
async def tracing(settings: Settings, process: str) -> AsyncIterator[None]:
    """Exports spans until the end of the context, where the settings say so; one context at a time in a process.

    `process`: what its spans say they come from, such as "api". What is not exported yet at the end still is, within a
    limit.
    """
    global _telemetry
    if not settings.traces:
        yield
        return
    from runtime.telemetry import Telemetry

    telemetry = _telemetry = Telemetry(process)
    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(_name_trace)
    try:
        yield
    finally:
        _telemetry = None
        for handler in handlers:
            handler.removeFilter(_name_trace)
        await telemetry.close()


def is_on() -> bool:
    """Whether spans are made in this process."""
    return _telemetry is not None


def telemetry() -> "Telemetry | None":
    """By which spans are made of what has ended; None while traces are off."""
    return _telemetry


def current() -> "SpanContext | None":
    """The span under way here; None where nobody will see it."""
    return None if _telemetry is None else _telemetry.current()


def span(
    name: str,
    attributes: Attributes,
    kind: Kind = "INTERNAL",
    carrier: Mapping[str, str] | None = None,
) -> AbstractContextManager[None]:
    """A span below the one under way, for as long as the context is open. It gets what the attributes are at the end.

    `carrier`: the head of a request from outside, whose trace it goes on with instead. Where an exception leaves the
    context the span counts as failed.
    """
    return nullcontext() if _telemetry is None else _telemetry.span(name, attributes, kind, carrier)


def headers() -> dict[str, str]:
    """What the head of a request to others needs so that they can go on with this trace: `traceparent`, or nothing."""
    return {} if _telemetry is None else _telemetry.headers()


def _name_trace(record: logging.LogRecord) -> bool:
    """A handler's filter that lets all pass: each line gets the trace that it belongs to."""
    under_way = current()
    if under_way is not None:
        fields = getattr(record, "fields", None) or {}
        record.fields = {**fields, "trace_id": f"{under_way.trace_id:032x}"}
    return True
