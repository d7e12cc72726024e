"""What world is asked for, and the time and the ids in it: all follow from the plan alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import cast
from uuid import UUID

from asyncpg.pgproto import pgproto

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many clients and companies there are to be, about how many operations, and over which days.

    The last day ends at `until`, the first instant of a day in UTC. The same plan is the same world, to the last byte.
    """

    clients: int
    companies: int
    operations: int
    days: int
    seed: int
    until: datetime

    @property
    def begins(self) -> datetime:
        """The first instant of the first day."""
        return self.until - timedelta(days=self.days)

    def luck(self, of: str) -> Random:
        """A stream of luck of its own for each thing that needs some, so that none disturbs another."""
        return Random(f"{self.seed}/{of}")  # noqa: S311 - the same for the same seed is what is wanted


def milliseconds(instant: datetime) -> int:
    """The instant in Unix time; what is finer than that is left out."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def instant_of(at_ms: int) -> datetime:
    """The inverse of `milliseconds`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def id_of(at_ms: int, luck: Random) -> UUID:
    """A UUIDv7 of that time, as `ledger.ids.new_id` makes them of the present."""
    bits = luck.getrandbits(74)
    number = at_ms << 80 | 0x7 << 76 | bits >> 62 << 64 | 0b10 << 62 | bits & (1 << 62) - 1
    return cast("UUID", pgproto.UUID(number.to_bytes(16, "big")))
