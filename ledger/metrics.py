"""What Prometheus is told of batches and of what came of their requests. docs/metrics.md has the table."""

from prometheus_client import Histogram

from ledger.watching import BatchReport, Step

_NANOSECOND = 1e-9
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

BATCH_SIZE = Histogram(
    "purser_batch_size",
    "Money mutations in one transaction.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
QUEUE_WAIT = Histogram(
    "purser_queue_wait_seconds",
    "How long money mutations that were sent together waited for a transaction.",
    buckets=_SECONDS,
)
COMMIT = Histogram("purser_commit_seconds", "How long COMMIT took.", buckets=_SECONDS)


def count_batch(report: BatchReport) -> None:
    """A ledger's `Watch`."""
    BATCH_SIZE.observe(sum(len(bundle.requests) for bundle in report.bundles))
    for queued_at in report.queued_at:
        QUEUE_WAIT.observe((report.taken_at - queued_at) * _NANOSECOND)
    for (_, before), (step, ended_at) in zip(report.steps, report.steps[1:], strict=False):
        if step is Step.COMMIT:
            COMMIT.observe((ended_at - before) * _NANOSECOND)
