"""The system's own wallets: which of them a writer uses.

OUTSIDE is where deposits come from, EXCHANGE what takes one currency and gives another. There are many in each
currency, so that several writers don't queue on one row, and because the balance of one is a bigint too: all that
holders have in a currency would not fit. A writer goes on to its next one long before that.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

from ledger.books import SystemAccount


class SystemWallets:
    """One writer's. `stripe` tells it from other writers', which need not be so for the money to be right."""

    def __init__(self, stripe: int) -> None:
        self._stripe = stripe
        self._volumes: dict[SystemAccount, int] = {}

    def id_in(self, account: SystemAccount, ahead: int = 0) -> UUID:
        """The wallet in use, or one of those that come after it. It may have to be made."""
        kind, currency = account
        volume = self._volumes.get(account, 0) + ahead
        return uuid5(NAMESPACE_URL, f"purser:{kind.lower()}/{currency}/{self._stripe}/{volume}")

    def go_on(self, account: SystemAccount) -> None:
        """Leaves the wallet in use for the next one."""
        self._volumes[account] = self._volumes.get(account, 0) + 1
