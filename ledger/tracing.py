"""What traces have of a batch, made of its report when it is over: off the way of what it tells of.

A batch is the work of many requests at once. It has a trace of its own ("group commit", with each of its steps), which
is linked to those requests; and each of them has in its own trace how long it waited ("queue"), how long the batch took
("batch", linked to the group commit), and of that the COMMIT.
"""

import time
from typing import TYPE_CHECKING

from ledger.watching import BatchReport, Step, Watch
from runtime import tracing
from runtime.tracing import Attributes

if TYPE_CHECKING:
    from runtime.telemetry import Telemetry


def traced(watch: Watch) -> Watch:
    """The watch, which from now on tells the traces as well; itself where they are off."""
    if not tracing.is_on():
        return watch

    def watch_and_tell(report: BatchReport) -> None:
        watch(report)
        telemetry = tracing.telemetry()
        if telemetry is not None:
            _tell(report, telemetry)

    return watch_and_tell


def _tell(report: BatchReport, telemetry: "Telemetry") -> None:
    # The report's clock counts from any moment, and spans from 1970.
    epoch = time.time_ns() - time.monotonic_ns()
    links = [context for context in report.asked_in if context is not None]
    if not links:
        return
    began_at, ended_at = epoch + report.taken_at, epoch + report.ended_at
    described: Attributes = {
        "purser.requests": report.size,
        "purser.bundles": len(report.bundles),
        "purser.tries": report.tries,
        "purser.left_waiting": report.left_waiting,
    }
    group_commit = telemetry.past("group commit", began_at, ended_at, None, described, links)
    steps = [(step, epoch + began_ns, epoch + ended_ns) for step, began_ns, ended_ns in report.spans()]
    for step, step_began_at, step_ended_at in steps:
        telemetry.past(step, step_began_at, step_ended_at, group_commit, {})
    for context, bundle, queued_at, answer in zip(
        report.asked_in, report.bundles, report.queued_at, report.answers, strict=True
    ):
        if context is None:
            continue
        telemetry.past("queue", epoch + queued_at, began_at, context, {})
        error = answer if isinstance(answer, Exception) else None
        own: Attributes = {"purser.requests": len(bundle.requests)}
        batch = telemetry.past("batch", began_at, ended_at, context, own, [group_commit], error)
        for step, step_began_at, step_ended_at in steps:
            if step is Step.COMMIT:
                telemetry.past(step, step_began_at, step_ended_at, batch, {})
