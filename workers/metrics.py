"""What Prometheus is told of the bank. docs/metrics.md has the table."""

from prometheus_client import Counter, Histogram

from runtime.metrics import SECONDS
from workers.bank import Answer
from workers.conclusions import Claim, Next

# Up to a call's usual time-out.
_BANK_SECONDS = (*SECONDS, 30.0, 60.0)
NO_ANSWER = "NO_ANSWER"

BANK_CALL_SECONDS = Histogram(
    "purser_bank_call_seconds",
    "How long the bank took to answer, or not to.",
    ["call", "result"],
    buckets=_BANK_SECONDS,
)
ATTEMPTS = Counter(
    "purser_withdrawal_attempts_total",
    "Attempts at withdrawals by what came of them; those left unknown count again once it is known.",
    ["result"],
)
_RESULTS = {what_follows: ATTEMPTS.labels(what_follows) for what_follows in Next}


def count_call(claim: Claim, answer: Answer | None, seconds: float) -> None:
    """A call to the bank has ended. `answer`: None where there was none."""
    BANK_CALL_SECONDS.labels(claim.call, NO_ANSWER if answer is None else answer.result).observe(seconds)


def count_attempt(claim: Claim, what_follows: Next) -> None:
    """What came of an attempt is written down. Asked again and again, it is unknown once."""
    if claim.is_new or what_follows is not Next.ASK_AGAIN:
        _RESULTS[what_follows].inc()
