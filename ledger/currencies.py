"""The currencies that the ledger knows, in memory: every decision needs their decimals."""

from collections.abc import Mapping
from decimal import Decimal

import asyncpg

from ledger.books import Currencies
from ledger.money import Currency, minor_units
from runtime.settings import Settings


async def load_currencies(pool: asyncpg.Pool, max_amounts: Mapping[str, Decimal]) -> Currencies:
    """All currencies by code. `max_amounts` names the largest amount of one operation where it is not the usual."""
    rows = await pool.fetch("SELECT code, exponent FROM currencies ORDER BY code")
    limits = {code: f"{amount:f}" for code, amount in max_amounts.items()}
    return {row["code"]: Currency.of(row["code"], row["exponent"], limits.get(row["code"])) for row in rows}


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
