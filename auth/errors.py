"""What stops a request before any business rule is asked; each becomes a top-level error of the API."""

from ledger.errors import Overloaded, Unavailable

__all__ = ["Forbidden", "LimitSpent", "Overloaded", "RateLimited", "Unauthenticated", "Unavailable"]


class Unauthenticated(Exception):
    """There is no valid bearer token. Why is never told: every bad token looks the same from outside."""


class Forbidden(Exception):
    """The account is signed in, and its role may not do this at all, whatever the input."""


class RateLimited(Exception):
    """Too many attempts. Nothing was executed; asking again makes sense after `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"too many attempts, retry after {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


class LimitSpent(RateLimited):
    """The account, or the address, has asked for as many operations in a minute as it may. `by` names which."""

    def __init__(self, by: str, operations_max: int, retry_after_seconds: float) -> None:
        super().__init__(retry_after_seconds)
        self.by = by
        self.operations_max = operations_max
