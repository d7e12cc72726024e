"""What stops a request before any business rule is asked; each becomes a top-level error of the API."""


class Unauthenticated(Exception):
    """There is no valid bearer token. Why is never told: every bad token looks the same from outside."""


class RateLimited(Exception):
    """Too many attempts. Nothing was executed; asking again makes sense after `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"too many attempts, retry after {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Exception):
    """More is waiting than can be served soon. Nothing was executed, and nothing will be."""


class Unavailable(Exception):
    """The database can't be asked. With `executed_unknown` the loss came too late to say "not executed"."""

    def __init__(self, *, executed_unknown: bool) -> None:
        super().__init__("the database can't be reached")
        self.executed_unknown = executed_unknown
