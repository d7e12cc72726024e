"""The operator's position: what holders are owed, and what stands on the other side of it."""

from typing import NamedTuple

import asyncpg

from ledger.asking import asking
from ledger.statements import load_statements

_POSITION = load_statements("position.sql")["position"]


class CurrencyPosition(NamedTuple):
    """All wallets of one currency at one moment, in its minor units, which may be more than a bigint takes.

    `owed` is the sum of holders' balances, of which `held` and `pending` are set aside.
    """

    currency: str
    owed: int
    held: int
    pending: int
    outside: int
    exchange: int

    @property
    def available(self) -> int:
        """What holders could take right now."""
        return self.owed - self.held - self.pending

    @property
    def sum(self) -> int:
        """Zero, or the ledger is wrong."""
        return self.owed + self.outside + self.exchange


async def read_position(pool: asyncpg.Pool) -> list[CurrencyPosition]:
    """The position in each currency that there is a wallet in, by code. Raises Unavailable."""
    async with asking():
        rows = await pool.fetch(_POSITION)
    return [CurrencyPosition(currency, *map(int, sums)) for currency, *sums in rows]
