"""What traces have of a batch, made of its report when it is over: off the way of what it tells of.

A batch is the work of many requests at once. It has a trace of its own ("group commit", with each of its steps), which
is linked to those requests; and each of them has in its own trace how long it waited ("queue"), how long the batch took
("batch", linked to the group commit), and of that the COMMIT. So has what was queued in the database, in the trace of
whoever asked for it, once a worker has carried it out ("carried out").
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.commands import CarryOut, Command, Enqueue
from ledger.outcomes import Outcome
from ledger.watching import BatchReport, Step, Watch
from runtime import tracing
from runtime.spans import Attributes

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from runtime.telemetry import Telemetry


def asked_here(commands: Sequence[Command]) -> Sequence[Command]:
    """The commands; those that are to be queued know the span under way here, where somebody will see it."""
    if tracing.current() is None:
        return commands
    asked_in = tracing.headers()["traceparent"]
    return [
        replace(command, asked_in=asked_in) if isinstance(command, Enqueue) else command
        for command in commands
    ]


def traced(watch: Watch) -> Watch:
    """The watch, which from now on tells the traces as well; itself where they are off."""
    if not tracing.is_on():
        return watch

    def watch_and_tell(report: BatchReport) -> None:
        watch(report)
        telemetry = tracing.telemetry()
        if telemetry is not None:
            _Telling(report, telemetry).tell()

    return watch_and_tell


class _Telling:
    """One batch is told of. The report's clock counts from any moment, and spans from 1970."""

    def __init__(self, report: BatchReport, telemetry: "Telemetry") -> None:
        self._report = report
        self._telemetry = telemetry
        self._epoch = epoch = time.time_ns() - time.monotonic_ns()
        self._began_at, self._ended_at = epoch + report.taken_at, epoch + report.ended_at
        self._steps = [
            (step, epoch + began_ns, epoch + ended_ns) for step, began_ns, ended_ns in report.spans()
        ]

    def tell(self) -> None:
        askers = [context for context in self._report.asked_in if context is not None]
        queuers = list(self._queuers())
        if not askers and not queuers:
            return
        group_commit = self._tell_group_commit([*askers, *queuers])
        self._tell_askers(group_commit)
        for queuer in queuers:
            self._tell_own("carried out", queuer, {}, group_commit)

    def _queuers(self) -> Iterator["SpanContext"]:
        """The spans in which that was asked for which had been queued, and was now carried out."""
        for bundle, answer in zip(self._report.bundles, self._report.answers, strict=True):
            if isinstance(answer, Exception):
                continue
            for request, result in zip(bundle.requests, answer, strict=True):
                command = request.command
                if isinstance(command, CarryOut) and command.asked_in is not None:
                    context = self._telemetry.named(command.asked_in)
                    # Without an operation it was carried out before, by another worker.
                    if context is not None and isinstance(result, Outcome) and result.operation is not None:
                        yield context

    def _tell_group_commit(self, links: Sequence["SpanContext"]) -> "SpanContext":
        report = self._report
        described: Attributes = {
            "purser.requests": report.size,
            "purser.bundles": len(report.bundles),
            "purser.tries": report.tries,
            "purser.left_waiting": report.left_waiting,
        }
        group_commit = self._telemetry.past(
            "group commit", self._began_at, self._ended_at, None, described, links
        )
        for step, began_at, ended_at in self._steps:
            self._telemetry.past(step, began_at, ended_at, group_commit, {})
        return group_commit

    def _tell_askers(self, group_commit: "SpanContext") -> None:
        report = self._report
        for asker, bundle, queued_at, answer in zip(
            report.asked_in, report.bundles, report.queued_at, report.answers, strict=True
        ):
            if asker is not None:
                self._telemetry.past("queue", self._epoch + queued_at, self._began_at, asker, {})
                error = answer if isinstance(answer, Exception) else None
                own: Attributes = {"purser.requests": len(bundle.requests)}
                self._tell_own("batch", asker, own, group_commit, error)

    def _tell_own(
        self,
        name: str,
        asker: "SpanContext",
        described: Attributes,
        group_commit: "SpanContext",
        error: Exception | None = None,
    ) -> None:
        """The batch, and its COMMIT, in the trace of who asked for something in it."""
        links = [group_commit]
        own = self._telemetry.past(name, self._began_at, self._ended_at, asker, described, links, error)
        for step, began_at, ended_at in self._steps:
            if step is Step.COMMIT:
                self._telemetry.past(step, began_at, ended_at, own, {})
