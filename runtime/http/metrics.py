"""What Prometheus is told of requests. docs/metrics.md has the table."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from prometheus_client import Counter, Gauge

from runtime.exposition import counted
from runtime.http.exchange import NAME_CHARACTERS_MAX, Exchange
from runtime.http.outcomes import Outcome
from runtime.metrics import SECONDS, BulkHistogram
from runtime.metrics_folder import FolderGone

# So many operation names of clients have figures of their own.
NAMES_MAX = 100
OTHER = "other"
NONE = "none"
SEVERAL = "several"

_DURATION_NAME = "purser_request_duration_seconds"
DURATION = BulkHistogram(
    _DURATION_NAME,
    "How long requests took from their head to the end of their answer.",
    ["operation", "outcome"],
    buckets=SECONDS,
)
IN_PROGRESS = Gauge("purser_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")
ERRORS = Counter("purser_errors_total", "Top-level errors of answers.", ["code"])


class RequestCounter:
    """Counts requests that have ended, under a bounded number of operations.

    A nameless operation counts as its root field, of which the schema has so many. Names are the clients': one that
    somebody signed in has sent in a valid document counts apart while there is room, all others as "other". So nobody
    fills Prometheus from outside.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        """`codes`: those of the errors that count from zero."""
        for code in codes:
            ERRORS.labels(code)
        self._known = {NONE, OTHER, SEVERAL}

    def take_over(self) -> None:
        """Goes on with the names that the process before, whose place this one has, and its neighbours have counted."""
        # A service without metrics serves on.
        with suppress(FolderGone):
            for metric in counted():
                if metric.name == _DURATION_NAME:
                    self._known |= {sample.labels["operation"] for sample in metric.samples}

    def count(self, exchanges: Sequence[Exchange]) -> None:
        """Counts them all at once."""
        durations: defaultdict[tuple[str, Outcome], list[float]] = defaultdict(list)
        codes: list[str] = []
        for exchange in exchanges:
            durations[self._operation(exchange), exchange.outcome].append(exchange.duration_seconds)
            codes += exchange.codes
        for named, seconds in durations.items():
            DURATION.labels(*named).observe_all(seconds)
        for code, count in Tally(codes).items():
            ERRORS.labels(code).inc(count)

    def _operation(self, exchange: Exchange) -> str:
        if len(exchange.operations) != 1:
            return SEVERAL if exchange.operations else NONE
        (name,) = exchange.operations
        if name in self._known:
            return name
        if not name:
            return exchange.root_field
        if exchange.account_id is None or len(self._known) >= NAMES_MAX or len(name) > NAME_CHARACTERS_MAX:
            return OTHER
        self._known.add(name)
        return name
