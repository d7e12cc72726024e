"""What Prometheus is told of batches and of what came of their requests. docs/metrics.md has the table."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import Counter, Gauge

from ledger.books import Currencies
from ledger.claims import Result
from ledger.commands import CarryOut
from ledger.outcomes import Replay
from ledger.rejections import ErrorCode, Rejection
from ledger.requests import Request
from ledger.watching import BatchReport, Step
from ledger.withdrawal_commands import SettleWithdrawal
from runtime.metrics import SECONDS, BulkHistogram

SUCCEEDED = "SUCCEEDED"
_NANOSECOND = 1e-9
# Nobody waits for what comes of these: their refusals are told to nobody else.
_LATER = (CarryOut, SettleWithdrawal)

BATCH_SIZE = BulkHistogram(
    "purser_batch_size",
    "Money mutations in one transaction.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
BATCH_SECONDS = BulkHistogram(
    "purser_batch_seconds", "How long a batch took, all its tries together.", buckets=SECONDS
)
STEP_SECONDS = BulkHistogram(
    "purser_batch_step_seconds", "How long each step of a transaction took.", ["step"], buckets=SECONDS
)
RETRIES = Counter("purser_batch_retries_total", "Transactions that were tried again, whatever for.")
QUEUE_WAIT = BulkHistogram(
    "purser_queue_wait_seconds",
    "How long money mutations that were sent together waited for their transaction to begin.",
    buckets=SECONDS,
)
QUEUE_DEPTH = Gauge(
    "purser_queue_depth", "Money mutations that wait for a transaction.", multiprocess_mode="livesum"
)
OPERATIONS = Counter("purser_operations_total", "Operations that were recorded.", ["kind", "status"])
AMOUNT = Counter(
    "purser_amount_total",
    "What the operations that succeeded were about, in whole units of their currency: for display.",
    ["kind", "currency"],
)
REFUSALS = Counter(
    "purser_refusals_total",
    "Business refusals: told to clients, or of what was queued or withdrawn.",
    ["code"],
)
REPLAYS = Counter(
    "purser_replays_total", "Money mutations whose idempotency key was used before for the same request."
)

_STEPS = {step: STEP_SECONDS.labels(step) for step in Step}
_REFUSALS = {code: REFUSALS.labels(code) for code in ErrorCode}


def count_refusals(rejections: Iterable[Rejection]) -> None:
    """Counts what a client is told."""
    for rejection in rejections:
        _REFUSALS[rejection.code].inc()


class BatchCounter:
    """Counts batches. What they have in common is counted once for all of them."""

    def __init__(self, currencies: Callable[[], Currencies]) -> None:
        self._currencies = currencies

    def count(self, reports: Sequence[BatchReport]) -> None:
        """Counts them all at once."""
        _count_times(reports)
        replays = 0
        # By kind, status and currency: how many operations, and their amounts in minor units.
        totals: dict[tuple[str, str, str], list[int]] = {}
        for request, result in _results(reports):
            if isinstance(result, Replay):
                replays += 1
            elif (operation := result.operation) is not None:
                key = operation.kind, operation.status, operation.currency
                total = totals.get(key)
                if total is None:
                    total = totals[key] = [0, 0]
                total[0] += 1
                total[1] += operation.amount
                if operation.failure_code is not None and isinstance(request.command, _LATER):
                    _REFUSALS[operation.failure_code].inc()
        REPLAYS.inc(replays)
        for (kind, status, currency), (count, amount_minor) in totals.items():
            OPERATIONS.labels(kind, status).inc(count)
            if status == SUCCEEDED:
                exponent = self._currencies()[currency].exponent
                AMOUNT.labels(kind, currency).inc(amount_minor / 10**exponent)


def _count_times(reports: Sequence[BatchReport]) -> None:
    BATCH_SIZE.observe_all(report.size for report in reports)
    BATCH_SECONDS.observe_all((report.ended_at - report.taken_at) * _NANOSECOND for report in reports)
    RETRIES.inc(sum(max(report.tries - 1, 0) for report in reports))
    for report in reports:
        if not _is_carried_out(report):
            taken_at = report.taken_at
            waits = [(taken_at - queued_at) * _NANOSECOND for queued_at in report.queued_at]
            QUEUE_WAIT.observe_all(waits)
    steps: dict[Step, list[float]] = {step: [] for step in Step}
    for report in reports:
        for step, began_at, ended_at in report.spans():
            steps[step].append((ended_at - began_at) * _NANOSECOND)
    for step, seconds in steps.items():
        _STEPS[step].observe_all(seconds)


def _is_carried_out(report: BatchReport) -> bool:
    # That it waited in the database is told by purser_queued_operations_oldest_seconds.
    return isinstance(report.bundles[0].requests[0].command, CarryOut)


def _results(reports: Sequence[BatchReport]) -> Iterator[tuple[Request, Result]]:
    for report in reports:
        for (requests, _), answer in zip(report.bundles, report.answers, strict=True):
            if not isinstance(answer, Exception):
                yield from zip(requests, answer, strict=True)
