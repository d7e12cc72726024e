"""The outside world's wallets, where deposits come from: which of them a writer uses.

There are many in each currency, so that the deposits of several writers don't queue on one row, and because the
balance of one is a bigint too: all that holders have in a currency would not fit. A writer goes on to its next
one long before that.
"""

from uuid import NAMESPACE_URL, UUID, uuid5


class OutsideWallets:
    """One writer's. `stripe` tells it from other writers', which need not be so for the money to be right."""

    def __init__(self, stripe: int) -> None:
        self._stripe = stripe
        self._volumes: dict[str, int] = {}

    def id_in(self, currency: str, ahead: int = 0) -> UUID:
        """The wallet in use in that currency, or one of those that come after it. It may have to be made."""
        volume = self._volumes.get(currency, 0) + ahead
        return uuid5(NAMESPACE_URL, f"purser:outside/{currency}/{self._stripe}/{volume}")

    def go_on(self, currency: str) -> None:
        """Leaves the wallet in use for the next one."""
        self._volumes[currency] = self._volumes.get(currency, 0) + 1
