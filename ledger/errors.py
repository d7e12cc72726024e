"""What goes wrong with the service itself; a business refusal is a Rejection, never one of these."""

from datetime import datetime
from uuid import UUID


class Overloaded(Exception):
    """The command could not be taken soon enough. It was not executed and never will be."""


class Unavailable(Exception):
    """The database stayed away past the deadline.

    `executed_unknown` tells whether the command may have been executed all the same; asking again with the
    same idempotency key finds out.
    """

    def __init__(self, *, executed_unknown: bool) -> None:
        super().__init__("The database does not answer.")
        self.executed_unknown = executed_unknown


class Crowded(Unavailable):
    """No connection to the database came free in time: too many others wait. Nothing was asked of it."""

    def __init__(self) -> None:
        super().__init__(executed_unknown=False)


class HeldElsewhere(Unavailable):
    """Somebody holds these wallets for longer than anyone should; what names one of them was not executed."""

    def __init__(self, wallet_ids: frozenset[UUID]) -> None:
        super().__init__(executed_unknown=False)
        self.wallet_ids = wallet_ids


class Archived(Exception):
    """What was asked for was before `until`, and is in an archive."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"What was before {until:%Y-%m-%dT%H:%M:%S.%fZ} is archived.")
        self.until = until
