"""What one process was lent of a limit, of each account or address that asks it: a look-up for most operations.

Pure: it is told the time, in seconds of the process's monotonic clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from auth.limits.window import Loan

# For so long whoever has nothing left is refused without asking whether others have given something back.
REFUSED_SECONDS = 1.0
# Lent beyond twice of what was used: who has one too few asks alone, what is too much is given back with others.
SPARE = 4
# So many are ended together; where it is more, the others' turn is the next time.
ENDED_AT_ONCE = 500


class Standing(NamedTuple):
    """What came of asking for operations. `remaining`: how many more there may be, as far as this process knows.

    `frees_in_seconds`: when more may be asked for, or as many again.
    """

    is_allowed: bool
    remaining: int
    frees_in_seconds: float


class Unused(NamedTuple):
    """What is to be given back of one slot."""

    slot: int
    lent: int


@dataclass(slots=True)
class Lease:
    """A loan that is being used; the times are of this process's clock. `lent_first`: by the first loan of the slot."""

    slot: int
    lent_first: int
    lent: int
    left: int
    left_over: int
    ends_at: float
    frees_at: float
    refuses_until: float


class Leases:
    """The leases of one limit: of `count_max` accounts or addresses at most, and as many whose rest is given back.

    `has_old` says whether the last `end_old` left any for the next time.
    """

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._leases: dict[str, Lease] = {}
        self._unused: dict[str, list[Unused]] = {}
        self.has_old = False

    def take(self, subject: str, count: int, now: float) -> Standing | None:
        """Takes so many of what the subject has here; None where the database must be asked."""
        lease = self._leases.get(subject)
        if lease is None or now >= lease.ends_at:
            return None
        if count <= lease.left:
            lease.left -= count
            return Standing(True, lease.left + lease.left_over, lease.frees_at - now)
        if lease.left_over or now >= lease.refuses_until:
            return None
        return Standing(False, lease.left, lease.frees_at - now)

    def is_live(self, subject: str, now: float) -> bool:
        """Whether the subject has a lease whose slot is running."""
        lease = self._leases.get(subject)
        return lease is not None and now < lease.ends_at

    def is_over(self, subject: str, now: float) -> bool:
        """Whether the subject has a lease whose slot has passed."""
        lease = self._leases.get(subject)
        return lease is not None and now >= lease.ends_at

    def add(self, subject: str, loan: Loan, asked_at: float, now: float) -> None:
        """Adds what was lent. The database was asked at `asked_at`, and had answered by `now`."""
        lease = self._leases.get(subject)
        if lease is not None and lease.slot != loan.slot:
            self._end(subject)
            lease = None
        self._leases[subject] = Lease(
            loan.slot,
            lease.lent_first if lease else loan.lent,
            loan.lent + (lease.lent if lease else 0),
            loan.lent + (lease.left if lease else 0),
            loan.left_over,
            # Not a moment too late, and not a moment too early.
            asked_at + loan.ends_in_seconds,
            now + loan.frees_in_seconds,
            now + REFUSED_SECONDS,
        )
        if len(self._leases) > self._count_max:
            self._end(next(iter(self._leases)))

    def end_old(self, now: float, asked: Iterable[str] = ()) -> dict[str, int]:
        """Ends leases whose slot is over; by subject how many operations to expect in the next, where it is any.

        Those of `asked` come first: they would be refused what they have left themselves. Who used less than before
        may only have paused, or had no more than the last moment of a slot.
        """
        first = (subject for subject in asked if self.is_over(subject, now))
        over = dict.fromkeys(chain(first, (key for key, one in self._leases.items() if now >= one.ends_at)))
        self.has_old = len(over) > ENDED_AT_ONCE
        expected = {}
        for subject in islice(over, ENDED_AT_ONCE):
            lent_first = self._leases[subject].lent_first
            used = self._end(subject)
            if count := max(2 * used + SPARE if used else 0, lent_first // 2):
                expected[subject] = count
        return expected

    def unused_of(self, subject: str) -> list[Unused]:
        """What is to be given back for this subject; from here on that is the caller's duty."""
        return self._unused.pop(subject, [])

    def with_unused(self, count_max: int) -> list[str]:
        """So many at most of the subjects for which there is something to give back, the longest due first."""
        return [subject for subject, _ in zip(self._unused, range(count_max), strict=False)]

    def _end(self, subject: str) -> int:
        lease = self._leases.pop(subject)
        if lease.left:
            self._unused.setdefault(subject, []).append(Unused(lease.slot, lease.left))
            if len(self._unused) > self._count_max:
                # It counts as taken, for a minute.
                del self._unused[next(iter(self._unused))]
        return lease.lent - lease.left
