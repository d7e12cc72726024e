"""What Prometheus is told of batches and of what came of their requests. docs/metrics.md has the table."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Counter, Gauge, Histogram

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

BATCH_SIZE = Histogram(
    "purser_batch_size",
    "Money mutations in one transaction.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
BATCH_SECONDS = Histogram(
    "purser_batch_seconds", "How long a batch took, all its tries together.", buckets=SECONDS
)
STEP_SECONDS = Histogram(
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
    """Counts batches. What its requests have in common is counted once for all of them."""

    def __init__(self, currencies: Callable[[], Currencies]) -> None:
        self._currencies = currencies
        self._children: dict[tuple[Counter, tuple[str, str]], Counter] = {}

    def count(self, report: BatchReport) -> None:
        """A ledger's `Watch`, of what came through the queue in memory."""
        QUEUE_WAIT.observe_all(
            [(report.taken_at - queued_at) * _NANOSECOND for queued_at in report.queued_at]
        )
        self.count_carried_out(report)

    def count_carried_out(self, report: BatchReport) -> None:
        """A ledger's `Watch`, of what came through no queue of this process."""
        BATCH_SIZE.observe(sum(len(bundle.requests) for bundle in report.bundles))
        BATCH_SECONDS.observe((report.ended_at - report.taken_at) * _NANOSECOND)
        if report.tries > 1:
            RETRIES.inc(report.tries - 1)
        before = report.tried_at
        for step, ended_at in report.steps:
            _STEPS[step].observe((ended_at - before) * _NANOSECOND)
            before = ended_at
        self._count_results(report)

    def _count_results(self, report: BatchReport) -> None:
        operations: Tally[tuple[str, str]] = Tally()
        amounts: Tally[tuple[str, str]] = Tally()
        replays = 0
        for request, result in _results(report):
            if isinstance(result, Replay):
                replays += 1
            elif (operation := result.operation) is not None:
                operations[operation.kind, operation.status] += 1
                if operation.status == SUCCEEDED:
                    amounts[operation.kind, operation.currency] += operation.amount
                elif operation.failure_code is not None and isinstance(request.command, _LATER):
                    _REFUSALS[operation.failure_code].inc()
        if replays:
            REPLAYS.inc(replays)
        for named, count in operations.items():
            self._child(OPERATIONS, named).inc(count)
        for (kind, code), amount_minor in amounts.items():
            amount = amount_minor / 10 ** self._currencies()[code].exponent
            self._child(AMOUNT, (kind, code)).inc(amount)

    def _child(self, parent: Counter, labels: tuple[str, str]) -> Counter:
        child = self._children.get((parent, labels))
        if child is None:
            child = self._children[parent, labels] = parent.labels(*labels)
        return child


def _results(report: BatchReport) -> Iterator[tuple[Request, Result]]:
    for bundle, answer in zip(report.bundles, report.answers, strict=True):
        if not isinstance(answer, Exception):
            yield from zip(bundle.requests, answer, strict=True)
