"""How many downloads run at once: each takes a part of the database and of the processor for minutes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from ledger.errors import Overloaded


class Slots:
    """At most `most` at once, and `most_each` of one account, lest one that reads slowly keep out all others."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def taken_by(self, account_id: UUID) -> Iterator[None]:
        """Keeps one for as long as the block runs. Raises Overloaded where none is left."""
        if self._taken.total() >= self._most or self._taken[account_id] >= self._most_each:
            raise Overloaded
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]
