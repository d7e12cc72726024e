"""What Prometheus is told of requests. docs/metrics.md has the table."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from runtime.exposition import counted
from runtime.http.exchange import NAME_CHARACTERS_MAX, Exchange
from runtime.http.outcomes import Outcome
from runtime.metrics import SECONDS

# So many operation names of clients have figures of their own.
NAMES_MAX = 100
OTHER = "other"
NONE = "none"
SEVERAL = "several"

_DURATION_NAME = "purser_request_duration_seconds"
DURATION = Histogram(
    _DURATION_NAME,
    "How long requests took from their head to the end of their answer.",
    ["operation", "outcome"],
    buckets=SECONDS,
)
IN_PROGRESS = Gauge("purser_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")
ERRORS = Counter("purser_errors_total", "Top-level errors of answers.", ["code"])


class RequestCounter:
    """Counts what has ended, under a bounded number of operations.

    A nameless operation counts as its root field, of which the schema has so many. Names are the clients': one that
    somebody signed in has sent in a valid document counts apart while there is room, all others as "other". So nobody
    fills Prometheus from outside.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        """`codes`: those of the errors that count from zero."""
        self._errors = {code: ERRORS.labels(code) for code in codes}
        self._durations: dict[tuple[str, Outcome], Histogram] = {}
        self._known = {NONE, OTHER, SEVERAL}

    def take_over(self) -> None:
        """Goes on with the names that the process before, whose place this one has, and its neighbours have counted."""
        for metric in counted():
            if metric.name == _DURATION_NAME:
                self._known |= {sample.labels["operation"] for sample in metric.samples}

    def count(self, exchange: Exchange) -> None:
        """An exchange's `Watch`."""
        key = self._operation(exchange), exchange.outcome
        duration = self._durations.get(key)
        if duration is None:
            duration = self._durations[key] = DURATION.labels(*key)
        duration.observe(exchange.duration_seconds)
        for code in exchange.codes:
            error = self._errors.get(code)
            if error is None:
                error = self._errors[code] = ERRORS.labels(code)
            error.inc()

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
