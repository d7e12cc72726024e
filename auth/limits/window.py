"""What one account or address has taken of its limit in the last minute, and what a process is lent of the rest.

Time is cut into slots of a few seconds. What was taken counts until a whole minute has passed since the end of its
slot, so there is no minute, wherever it begins, with more than the limit in it (docs/adr/0015). Pure: it is told the
time, in seconds of the database's clock.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

WINDOW_SECONDS = 60
SLOT_SECONDS = 5
# The one that is running, and as many before it as make up a window.
SLOTS = WINDOW_SECONDS // SLOT_SECONDS + 1
# At most one of so many parts of what is left is lent beyond what is asked for.
PARTS = 8
# What to expect of whoever asks for more than was expected: more than there is.
ANY_NUMBER = 2**31


class Loan(NamedTuple):
    """What a process may hand out until the slot is over; what remains of it then it gives back.

    `left_over` is what remained for all others. `ends_in_seconds` is when the slot is over, `frees_in_seconds` when
    the first of what was taken does not count any more.
    """

    slot: int
    lent: int
    left_over: int
    ends_in_seconds: float
    frees_in_seconds: float


@dataclass(frozen=True, slots=True)
class Window:
    """The row of one account or address: how much was taken in `slot` and in those before it, the newest first."""

    slot: int
    taken: tuple[int, ...]

    def at(self, slot: int) -> "Window":
        """The window with that slot as its newest one."""
        passed = slot - self.slot
        if passed <= -SLOTS or passed >= SLOTS:
            # Also where the clock was set back: what was counted by the old time would count for too long.
            return Window(slot, UNTOUCHED.taken)
        if passed <= 0:
            return self
        return Window(slot, (0,) * passed + self.taken[: SLOTS - passed])

    def given_back(self, slot: int, count: int) -> "Window":
        """The window after so much of what was taken in that slot was not used."""
        age = self.slot - slot
        if not 0 <= age < SLOTS:
            return self
        return Window(self.slot, (*self.taken[:age], max(0, self.taken[age] - count), *self.taken[age + 1 :]))

    def lend(
        self, limit: int, wanted: int, *, expected: int, seconds: float, phase: float
    ) -> tuple["Window", Loan]:
        """The window after the loan, and the loan: as much as wanted where that is left, else what is left.

        As much as is expected to be asked for in this slot is lent in advance, lest each operation ask for itself.
        """
        now = slot_at(seconds, phase)
        window = self.at(now)
        left = max(0, limit - sum(window.taken))
        count = min(left, max(wanted, min(expected, left // PARTS)))
        window = Window(window.slot, (window.taken[0] + count, *window.taken[1:]))
        loan = Loan(
            window.slot,
            count,
            left - count,
            _seconds_until(now + 1, seconds, phase),
            _seconds_until(window.next_free(), seconds, phase),
        )
        return window, loan

    def next_free(self) -> int:
        """The slot with whose begin some of what was taken does not count any more."""
        ages = [age for age, taken in enumerate(self.taken) if taken]
        return self.slot - max(ages) + SLOTS if ages else self.slot + 1


# Of whom nothing is known.
UNTOUCHED = Window(0, (0,) * SLOTS)


def slot_at(seconds: float, phase: float) -> int:
    """The number of the slot. `phase` shifts the slots of one account or address, so that not all end at once."""
    return math.floor((seconds + phase) / SLOT_SECONDS)


def _seconds_until(slot: int, seconds: float, phase: float) -> float:
    return slot * SLOT_SECONDS - phase - seconds
