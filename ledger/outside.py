"""The outside world's wallets, where deposits come from: which of them a writer uses.

There are many in each currency, so that the deposits of several writers don't queue on one row, and because the
balance of one is a bigint too: all that holders have in a currency would not fit. A writer goes on to its next
one long before that.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

from ledger.money import BIGINT_MAX

# The other three quarters are for what one batch may still add.
_FULL_AT = -(BIGINT_MAX // 4)


class OutsideWallets:
    """One writer's. `stripe` tells it from other writers', which need not be so for the money to be right."""

    def __init__(self, stripe: int) -> None:
        self._stripe = stripe
        self._volumes: dict[str, int] = {}

    def id_in(self, currency: str) -> UUID:
        """The wallet to use in that currency; it may have to be made."""
        volume = self._volumes.get(currency, 0)
        return uuid5(NAMESPACE_URL, f"purser:outside/{currency}/{self._stripe}/{volume}")

    def is_full(self, currency: str, balance: int) -> bool:
        """Whether that wallet has had enough; then `id_in` answers with the next one from now on."""
        if balance > _FULL_AT:
            return False
        self._volumes[currency] = self._volumes.get(currency, 0) + 1
        return True
