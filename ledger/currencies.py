"""The currencies that the ledger knows, in memory: every decision needs their decimals."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import asyncpg

from ledger.asking import asking
from ledger.books import Currencies
from ledger.money import Currency, minor_units
from runtime.settings import Settings

CATCH_UP_PAUSE_SECONDS = 0.25


class CurrencyBook:
    """The currencies as this process knows them. Safe to read and to refresh from any thread.

    Whoever decides about money compares the revision within the transaction (ledger/locking.py); for all else
    the process looks four times a second whether there is a new one.
    """

    def __init__(self, max_amounts: Mapping[str, Decimal]) -> None:
        self._max_amounts = max_amounts
        self._state: tuple[int, Currencies] = (0, {})

    @property
    def revision(self) -> int:
        """Which state of the table of currencies it is."""
        return self._state[0]

    @property
    def current(self) -> Currencies:
        """All currencies by code."""
        return self._state[1]

    async def refresh(self, connection: asyncpg.Connection | asyncpg.Pool) -> None:
        """Reads them anew."""
        rows = await connection.fetch(
            "SELECT revision, code, exponent, rate::text FROM currency_revision CROSS JOIN currencies ORDER BY code"
        )
        known = {
            row["code"]: Currency.of(
                row["code"],
                row["exponent"],
                self._limit(row["code"], row["exponent"]),
                None if row["rate"] is None else Fraction(row["rate"]),
            )
            for row in rows
        }
        if rows[0]["revision"] > self.revision:
            self._state = (rows[0]["revision"], known)

    def _limit(self, code: str, exponent: int) -> str | None:
        limit = self._max_amounts.get(code)
        # Set for other decimals than the currency has by now, it may have too many.
        return None if limit is None else f"{limit.quantize(Decimal(1).scaleb(-exponent), ROUND_DOWN):f}"

    async def catch_up(self, pool: asyncpg.Pool) -> None:
        """Reads them anew where something has changed. Raises Unavailable."""
        async with asking():
            if await pool.fetchval("SELECT revision FROM currency_revision") != self.revision:
                await self.refresh(pool)


async def settings_problems(connection: asyncpg.Connection, settings: Settings) -> list[str]:
    """What is wrong with the settings that name currencies, a sentence each; only the database knows those."""
    rows = await connection.fetch("SELECT code, exponent FROM currencies")
    exponents: dict[str, int] = {row["code"]: row["exponent"] for row in rows}
    problems = []
    if settings.default_currency not in exponents:
        problems.append(f"PURSER_DEFAULT_CURRENCY: there is no currency {settings.default_currency} here.")
    for code, amount in settings.max_amounts.items():
        if code not in exponents:
            problems.append(f"PURSER_MAX_AMOUNTS: there is no currency {code} here.")
        elif minor_units(f"{amount:f}", exponents[code]) is None:
            problems.append(
                f"PURSER_MAX_AMOUNTS: an amount of {code} has at most {exponents[code]} decimals."
            )
    return problems
