"""What stories ask for, decided as the writer decides it, and the rows that come of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from ledger.batch import decide_all
from ledger.books import OPEN
from ledger.commands import CarryOut, Command, Enqueue
from ledger.outcomes import Operation, Outcome
from ledger.partitioning import lowest_id
from ledger.requests import Bundle, Request
from ledger.sheet import Sheet
from seeding.life import STORY_DAYS_MAX, Life
from seeding.plan import id_of, instant_of

Row = tuple[Any, ...]

# Where they stand among the arguments of the statement `write_batch`.
_ENTRIES = slice(6, 12)
_OPERATIONS = slice(12, None)

_STATUS = Operation._fields.index("status")
_FAILURE = Operation._fields.index("failure_code")
_DEBITED = Operation._fields.index("debited")
_RATE = Operation._fields.index("rate")


class Rows(NamedTuple):
    """Rows by table, each in the order of the columns that writing.py names."""

    operations: list[Row]
    entries: list[Row]
    idempotency_keys: list[Row]
    reservations: list[Row]
    shares: list[Row]
    withdrawals: list[Row]
    withdrawal_attempts: list[Row]
    queued_operations: list[Row]


class Recorder:
    """Carries commands out on the books in memory. What may still change is kept back until it has ended."""

    def __init__(self, life: Life, luck: Random) -> None:
        self.made = 0
        self._life = life
        self._luck = luck
        self._now_ms = 0
        # Operations of withdrawals under way, and what is queued, by id.
        self._pending: dict[UUID, Row] = {}
        self._queued: dict[UUID, Row] = {}
        self._begin()

    @property
    def count(self) -> int:
        """How many operations there are to write."""
        return len(self._operation_instants)

    def move_to(self, at_ms: int) -> None:
        """Lets the time pass until then. It never stands still, so that ids and entries are in one order."""
        self._now_ms = max(self._now_ms, at_ms)
        self._life.books.instant = instant_of(self._now_ms)

    @property
    def now_ms(self) -> int:
        """The time up to which all is told."""
        return self._now_ms

    def carry_out(self, command: Command) -> Outcome:
        """What comes of the command, a millisecond after whatever came before."""
        self.move_to(self._now_ms + 1)
        books = self._life.books
        request = Request(command, id_of(self._now_ms, self._luck))
        own_id = request.operation_id
        outcome = decide_all([Bundle((request,))], {}, books, self._sheet)[own_id]
        self._instants[own_id] = books.instant
        if isinstance(command, Enqueue) and outcome.rejection is None:
            books.queued_ids.add(own_id)
        elif outcome.operation is not None:
            self._operation_instants.append(books.instant)
            if isinstance(command, CarryOut):
                books.queued_ids.remove(command.accepted.id)
        if request.key is not None:
            rejection = None if outcome.rejection is None else orjson.dumps(outcome.rejection).decode()
            self._keys.append((*request.key, request.fingerprint, own_id, rejection))
        return outcome

    def rows(self, *, is_last: bool = False) -> Rows:
        """All that was recorded since the last time, and is over; with `is_last` the rest as well, as it stands."""
        columns = self._sheet.columns()
        entries = [(*row, self._instants[row[2]]) for row in zip(*columns[_ENTRIES], strict=True)]
        operations = list(self._operations(columns[_OPERATIONS], is_last=is_last))
        keys = self._keys
        over = self._over(is_last=is_last)
        queued = self._still_queued(is_last=is_last)
        self.made += self.count
        self._begin()
        return Rows(operations, entries, keys, *over, queued_operations=queued)

    def _begin(self) -> None:
        self._sheet = Sheet(self._life.books)
        self._instants: dict[UUID, datetime] = {}
        self._operation_instants: list[datetime] = []
        self._keys: list[Row] = []

    def _operations(self, columns: list[list[Any]], *, is_last: bool) -> Iterator[Row]:
        for *row, at in zip(*columns, self._operation_instants, strict=True) if columns else ():
            row[_RATE] = None if row[_RATE] is None else Decimal(row[_RATE])
            if row[_STATUS] == "PENDING":
                self._pending[row[0]] = (*row, at)
            else:
                yield (*row, at)
        for operation_id, status, failure, debited in zip(*self._sheet.ended_columns(), strict=True):
            ended = list(self._pending.pop(operation_id))
            ended[_STATUS], ended[_FAILURE], ended[_DEBITED] = status, failure, debited
            yield tuple(ended)
        if is_last:
            yield from self._pending.values()

    def _over(self, *, is_last: bool) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
        """Reservations, shares, withdrawals and the attempts at them that no story goes back to."""
        books, attempts = self._life.books, self._life.attempts
        limit = lowest_id(books.instant - timedelta(days=STORY_DAYS_MAX))
        all_of = (books.reservations, books.shares, books.withdrawals)
        old = [list(takewhile(lambda known: is_last or known < limit, kept)) for kept in all_of]
        reserved, shared, withdrawn = old
        still_open = {
            own_id for own_id in reserved if books.reservations[own_id].state == OPEN and not is_last
        }
        reservations = [books.reservations.pop(own_id) for own_id in reserved if own_id not in still_open]
        shares = [share for own_id in shared for share in books.shares.pop(own_id)]
        ended = [own_id for own_id in withdrawn if own_id not in still_open]
        withdrawals = [books.withdrawals.pop(own_id) for own_id in ended]
        made = [
            (own_id, each.number, each.started_at, each.not_after, each.ended_at, each.result)
            for own_id in ended
            for each in attempts.pop(own_id, ())
        ]
        return list(reservations), list(shares), list(withdrawals), made

    def _still_queued(self, *, is_last: bool) -> list[Row]:
        columns = self._sheet.accepted_columns()[:-1]
        for row in zip(*columns, strict=True):
            self._queued[row[0]] = (*row, self._instants[row[0]])
        for own_id in self._sheet.carried_out:
            del self._queued[own_id]
        return list(self._queued.values()) if is_last else []
