"""OpenTelemetry as this service uses it: spans by OTLP over HTTP, from a thread, out of a bounded queue.

Where they go, how many are kept and which are sampled is said by OpenTelemetry's own variables (OTEL_*). A span never
has the message of an exception, which may quote what users sent.
"""

import asyncio
import importlib.metadata
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.spans import Attributes, Kind

log = logging.getLogger("purser.traces")

NAME = "purser"
CLOSE_SECONDS_MAX = 3.0

_TRACE_CONTEXT = TraceContextTextMapPropagator()


class Telemetry:
    """One exporter, and the tracers whose spans go through it. Made by `runtime.tracing.tracing` alone."""

    def __init__(self, process: str) -> None:
        # It would log OTEL_EXPORTER_OTLP_HEADERS, which hold a key, where they are not well-formed.
        logging.getLogger("opentelemetry.util.re").setLevel(logging.CRITICAL)
        self._processor = BatchSpanProcessor(OTLPSpanExporter())
        resource = _resource(process)
        self._tracer = self._open(resource, None)
        # For what is known only when it is over. It belongs to spans that were sampled when they began.
        self._late_tracer = self._open(resource, ALWAYS_ON)

    def _open(self, resource: Resource, sampler: Sampler | None) -> trace.Tracer:
        provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return provider.get_tracer(NAME)

    async def close(self) -> None:
        """Exports what is left, within a limit."""
        # A thread that nobody waits for after that: the exporter's own limits are longer.
        closing = threading.Thread(target=self._processor.shutdown, name="traces-closing", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS_MAX)
        if closing.is_alive():
            log.warning("spans left behind", extra={"fields": {"waited_seconds": CLOSE_SECONDS_MAX}})

    def span(
        self, name: str, attributes: Attributes, kind: Kind, carrier: Mapping[str, str] | None
    ) -> AbstractContextManager[None]:
        """What `runtime.tracing.span` is while traces are on."""
        if carrier is None:
            above = trace.get_current_span().get_span_context()
            if above.is_valid and not above.trace_flags.sampled:
                # Nobody will see what is below it either.
                return nullcontext()
        return self._span(name, attributes, kind, carrier)

    @contextmanager
    def _span(
        self, name: str, attributes: Attributes, kind: Kind, carrier: Mapping[str, str] | None
    ) -> Iterator[None]:
        context = None if carrier is None else _TRACE_CONTEXT.extract(carrier, Context())
        with self._tracer.start_as_current_span(
            name, context, SpanKind[kind], record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                _fail(span, error)
                raise
            finally:
                span.set_attributes(attributes)
                if "error.type" in attributes:
                    span.set_status(Status(StatusCode.ERROR))

    def past(
        self,
        name: str,
        began_at: int,
        ended_at: int,
        parent: SpanContext | None,
        attributes: Attributes,
        links: Sequence[SpanContext] = (),
        error: BaseException | None = None,
    ) -> SpanContext:
        """A span of something that is over, in nanoseconds since 1970. Without a parent it begins a trace."""
        context = (
            Context() if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), Context())
        )
        span = self._late_tracer.start_span(
            name, context, attributes=attributes, links=[Link(link) for link in links], start_time=began_at
        )
        if error is not None:
            _fail(span, error)
        span.end(ended_at)
        return span.get_span_context()

    def current(self) -> SpanContext | None:
        """The span under way, where it is sampled."""
        return _sampled(trace.get_current_span())

    def named(self, traceparent: str) -> SpanContext | None:
        """The span of a `traceparent`, where it is sampled."""
        context = _TRACE_CONTEXT.extract({"traceparent": traceparent}, Context())
        return _sampled(trace.get_current_span(context))

    def headers(self) -> dict[str, str]:
        """W3C Trace Context of the span under way."""
        carrier: dict[str, str] = {}
        _TRACE_CONTEXT.inject(carrier)
        return carrier


def _sampled(span: Span) -> SpanContext | None:
    context = span.get_span_context()
    return context if context.is_valid and context.trace_flags.sampled else None


def _fail(span: Span, error: BaseException) -> None:
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute("error.type", type(error).__qualname__)


def _resource(process: str) -> Resource:
    ours = {
        "service.name": NAME,
        "service.version": importlib.metadata.version("purser"),
        "purser.process": process,
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})
