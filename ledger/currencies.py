"""The currencies that the ledger knows, in memory: every decision needs their decimals."""

from collections.abc import Mapping
from decimal import Decimal

import asyncpg

from ledger.decisions import Currencies
from ledger.money import Currency


async def load_currencies(pool: asyncpg.Pool, max_amounts: Mapping[str, Decimal]) -> Currencies:
    """All currencies by code. `max_amounts` names the largest amount of one operation where it is not the usual."""
    rows = await pool.fetch("SELECT code, exponent FROM currencies ORDER BY code")
    limits = {code: f"{amount:f}" for code, amount in max_amounts.items()}
    return {row["code"]: Currency.of(row["code"], row["exponent"], limits.get(row["code"])) for row in rows}
