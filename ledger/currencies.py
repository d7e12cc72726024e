"""The currencies that the ledger knows, in memory: every decision needs their decimals."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import asyncpg

from ledger.books import Currencies
from ledger.money import Currency, minor_units
from runtime.settings import Settings


class CurrencyBook:
    """The currencies as this process knows them. Safe to read and to refresh from any thread."""

    def __init__(self, max_amounts: Mapping[str, Decimal]) -> None:
        self._limits = {code: f"{amount:f}" for code, amount in max_amounts.items()}
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
                self._limits.get(row["code"]),
                None if row["rate"] is None else Fraction(row["rate"]),
            )
            for row in rows
        }
        if rows[0]["revision"] > self.revision:
            self._state = (rows[0]["revision"], known)


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
