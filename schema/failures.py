"""What stands in the top-level `errors` of an answer: everything that is not a business refusal.

Each one has a stable `extensions.code`; on mutations `extensions.executed` says whether money may have moved.
Lower layers raise exceptions of their own and know nothing of GraphQL; this module gives each its code.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import auth.errors
import ledger.errors

# When a queue or the database is what failed: long enough for a restart, short enough for a till.
RETRY_SECONDS = 1
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class FailureCode(StrEnum):
    """Why a request or one of its fields failed. Clients rely on these names."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    OVERLOADED = "OVERLOADED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Executed(StrEnum):
    """Was the mutation carried out? UNKNOWN is resolved by asking again with the same idempotency key."""

    NO = "NO"
    UNKNOWN = "UNKNOWN"


class Failure(Exception):
    """A failure whose code and message are meant for the client, so the message never holds a secret.

    `retry_after_seconds`: when asking again makes sense, where that is known.
    """

    def __init__(
        self,
        code: FailureCode,
        message: str,
        *,
        executed: Executed = Executed.NO,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.executed = executed
        self.retry_after_seconds = retry_after_seconds


class Refusal(Failure):
    """The whole HTTP request is refused, with a status of its own, before anything was executed."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: FailureCode = FailureCode.BAD_USER_INPUT,
        headers: Mapping[str, str] = NO_HEADERS,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message, retry_after_seconds=retry_after_seconds)
        self.status = status
        self.headers = headers


def failure_of(exception: BaseException | None) -> Failure | None:
    """The failure that an exception of this or a lower layer stands for; None for an unexpected one."""
    match exception:
        case Failure():
            return exception
        case auth.errors.Unauthenticated():
            return Failure(
                FailureCode.UNAUTHENTICATED, "Authentication is required: send a valid bearer token."
            )
        case auth.errors.Forbidden():
            return Failure(FailureCode.FORBIDDEN, "Your role may not do this.")
        case auth.errors.RateLimited(retry_after_seconds=seconds):
            return Failure(
                FailureCode.RATE_LIMITED, "Too many attempts: try again later.", retry_after_seconds=seconds
            )
        case auth.errors.Overloaded() | ledger.errors.Overloaded() | ledger.errors.Crowded():
            return Failure(
                FailureCode.OVERLOADED, "Too much is waiting: try again.", retry_after_seconds=RETRY_SECONDS
            )
        case ledger.errors.Archived():
            return Failure(FailureCode.BAD_USER_INPUT, f"{exception} Ask for what came after it.")
        case auth.errors.Unavailable() | ledger.errors.Unavailable():
            return Failure(
                FailureCode.UNAVAILABLE,
                "The service cannot reach its database: try again.",
                executed=Executed.UNKNOWN if exception.executed_unknown else Executed.NO,
                retry_after_seconds=RETRY_SECONDS,
            )
        case _:
            return None
