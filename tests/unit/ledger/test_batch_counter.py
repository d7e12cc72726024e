"""What is counted of a batch, where tests/metrics can't bring it about."""

import time

from ledger.metrics import BatchCounter
from ledger.requests import Bundle
from ledger.watching import BatchReport


def test_a_request_for_nothing_is_counted_as_nothing() -> None:
    report = BatchReport([Bundle((), is_atomic=False)], [time.monotonic_ns()], 0)
    report.end([[]])
    BatchCounter(dict).count([report])
