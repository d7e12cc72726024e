"""A small client of Purser, in one file to copy. Needs Python 3.11 and httpx.

    purser = Purser("http://127.0.0.1:8000")
    mine = purser.with_token(purser.ask(LOG_IN, {"input": {...}})["logIn"]["token"])
    mine.insist(CHARGE, {"input": {..., "idempotencyKey": "order-17"}})

Business refusals are data: look at `userErrors` of what comes back. Everything else raises `Failed`.
"""

import random
import time
from collections.abc import Mapping
from typing import Any, Literal, Self

import httpx

# What passes by itself. NO_ANSWER is this client's own: the connection broke, or something between answered.
PASSING = frozenset({"RATE_LIMITED", "OVERLOADED", "UNAVAILABLE", "INTERNAL", "NO_ANSWER"})
PAUSE_SECONDS_FIRST = 0.1
PAUSE_SECONDS_MAX = 10.0

Executed = Literal["NO", "UNKNOWN"]
Variables = Mapping[str, Any]


class Failed(Exception):
    """There is no answer in `data`.

    `executed` is NO where nothing happened and nothing will, and UNKNOWN where only asking again with the same
    idempotency key tells. `retry_after_seconds`: how long the service wants to be left alone, 0 where it says nothing.
    """

    def __init__(
        self, code: str, message: str, executed: Executed = "UNKNOWN", retry_after_seconds: float = 0.0
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.executed = executed
        self.retry_after_seconds = retry_after_seconds


class Purser:
    """The API as one account sees it, over connections that are kept open; without a token, as a stranger does."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        seconds_max: float = 30.0,
        http: httpx.Client | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.http = http or httpx.Client(timeout=seconds_max)
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def with_token(self, token: str) -> "Purser":
        """The same service as another account sees it, over the same connections."""
        return Purser(self.url, token=token, http=self.http)

    def ask(self, document: str, variables: Variables | None = None) -> Any:
        """The `data` of one request. Raises Failed."""
        body = {"query": document, "variables": variables or {}}
        try:
            response = self.http.post(f"{self.url}/graphql", json=body, headers=self.headers)
            answer = response.json()
        except (httpx.TransportError, ValueError) as reason:
            raise Failed("NO_ANSWER", type(reason).__name__) from None
        if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
            raise Failed("NO_ANSWER", f"HTTP status {response.status_code}")
        if errors := answer.get("errors"):
            raise _failed(errors, response.headers.get("Retry-After", ""))
        return answer["data"]

    def insist(self, document: str, variables: Variables | None = None, *, seconds_max: float = 60.0) -> Any:
        """The same, asked again while what is in the way may pass, for so long at most. Raises Failed.

        For queries, and for mutations with an idempotencyKey: others might be carried out twice. Once one attempt
        was UNKNOWN all of it is, until an answer comes: a NO speaks of its own attempt alone.
        """
        give_up_at = time.monotonic() + seconds_max
        executed: Executed = "NO"
        pause_seconds = PAUSE_SECONDS_FIRST
        while True:
            try:
                return self.ask(document, variables)
            except Failed as failed:
                executed = failed.executed = "UNKNOWN" if executed == "UNKNOWN" else failed.executed
                # A random part, so that all who were sent away don't come back at once.
                wait_seconds = failed.retry_after_seconds + random.uniform(0, pause_seconds)
                if failed.code not in PASSING or time.monotonic() + wait_seconds > give_up_at:
                    raise
            time.sleep(wait_seconds)
            pause_seconds = min(2 * pause_seconds, PAUSE_SECONDS_MAX)


def _failed(errors: list[dict[str, Any]], retry_after: str) -> Failed:
    """The first error's code and message; UNKNOWN where any of them is. Errors of queries don't say: NO."""
    all_extensions = [error["extensions"] for error in errors]
    is_unknown = any(extensions.get("executed") == "UNKNOWN" for extensions in all_extensions)
    told_seconds = max(extensions.get("retryAfterSeconds", 0) for extensions in all_extensions)
    return Failed(
        all_extensions[0]["code"],
        errors[0]["message"],
        "UNKNOWN" if is_unknown else "NO",
        max(float(retry_after) if retry_after.isdecimal() else 0.0, told_seconds),
    )
