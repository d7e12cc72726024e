"""How requests end, in five words: what their log lines say, and by what their metrics are split."""

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """How a request ended. The worse stands later: of several errors the worst is told."""

    OK = "ok"
    """Answered. A business refusal is an answer too."""

    CLIENT_ERROR = "client_error"
    """The request was wrong, or its client did not wait for the answer."""

    RATE_LIMITED = "rate_limited"
    """Its account or address has asked too often."""

    OVERLOADED = "overloaded"
    """There was too much to do: it was not executed."""

    ERROR = "error"
    """The service failed."""


_BY_SEVERITY = {outcome: severity for severity, outcome in enumerate(Outcome)}
# What is not here is a fault of ours.
_BY_CODE = {
    "BAD_USER_INPUT": Outcome.CLIENT_ERROR,
    "UNAUTHENTICATED": Outcome.CLIENT_ERROR,
    "FORBIDDEN": Outcome.CLIENT_ERROR,
    "CLIENT_GONE": Outcome.CLIENT_ERROR,
    "RATE_LIMITED": Outcome.RATE_LIMITED,
    "OVERLOADED": Outcome.OVERLOADED,
}


def outcome_of(codes: Iterable[str], status: int | None) -> Outcome:
    """The outcome of a request whose answer has these error codes, or, without any, this HTTP status.

    A status of None: nobody was there to take an answer.
    """
    worst = max(
        (_BY_CODE.get(code, Outcome.ERROR) for code in codes), key=_BY_SEVERITY.__getitem__, default=None
    )
    if worst is not None:
        return worst
    if status is None or 400 <= status < 500:
        return Outcome.RATE_LIMITED if status == 429 else Outcome.CLIENT_ERROR
    return Outcome.OK if status < 400 else Outcome.ERROR
