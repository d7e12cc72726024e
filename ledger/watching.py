"""What a batch tells of itself once it has ended: what came of it, and how long each of its steps took.

Metrics and traces are made of it afterwards, off the way of the batch (`Watch`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from ledger.claims import Result
from ledger.requests import Bundle

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

# What a bundle is told: a result for each of its requests, or what went wrong.
Answer = list[Result] | Exception


class Step(StrEnum):
    """The steps of one transaction, in their order."""

    CLAIM = "claim"
    LOCK = "lock"
    DECIDE = "decide"
    WRITE = "write"
    COMMIT = "commit"


class BatchReport:
    """One batch. All times are nanoseconds of `time.monotonic_ns`.

    `queued_at` says when each bundle was put on the queue, `taken_at` when the batch was made of them, `left_waiting`
    how many requests stayed behind. `steps` has the end of each step of the last try, whose beginning is `tried_at`:
    fewer than all of them where it failed. `tries` counts transactions. `asked_in` has for each bundle the span that it
    was asked for in, and is empty where nobody traces.
    """

    __slots__ = (
        "answers",
        "asked_in",
        "bundles",
        "ended_at",
        "left_waiting",
        "queued_at",
        "steps",
        "taken_at",
        "tried_at",
        "tries",
    )

    def __init__(
        self,
        bundles: Sequence[Bundle],
        queued_at: Sequence[int],
        left_waiting: int,
        asked_in: Sequence["SpanContext | None"] = (),
    ) -> None:
        self.bundles = bundles
        self.asked_in = asked_in
        self.queued_at = queued_at
        self.left_waiting = left_waiting
        self.taken_at = self.tried_at = self.ended_at = time.monotonic_ns()
        self.tries = 0
        self.steps: list[tuple[Step, int]] = []
        self.answers: Sequence[Answer] = ()

    def begin_try(self) -> None:
        """A transaction begins."""
        self.tries += 1
        self.tried_at = time.monotonic_ns()
        self.steps = []

    def done(self, step: Step) -> None:
        """The step of this try has ended."""
        self.steps.append((step, time.monotonic_ns()))

    def spans(self) -> Iterator[tuple[Step, int, int]]:
        """Each step of the last try with its beginning and its end."""
        began_at = self.tried_at
        for step, ended_at in self.steps:
            yield step, began_at, ended_at
            began_at = ended_at

    @property
    def size(self) -> int:
        """How many requests there are in all bundles."""
        return sum(len(bundle.requests) for bundle in self.bundles)

    def end(self, answers: Sequence[Answer]) -> None:
        """All is over; `answers` has what each bundle was told."""
        self.ended_at = time.monotonic_ns()
        self.answers = answers


# Called on the thread that executes batches, when the callers have their answers. It is quick, and raises nothing.
Watch = Callable[[BatchReport], None]
