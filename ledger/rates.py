"""Setting rates: an administrator says what currencies are worth, and adds new ones."""

from collections.abc import Sequence, Set
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ledger.asking import asking, changing
from ledger.conversion import RATE_DIGITS
from ledger.money import canonical, is_zero
from ledger.rejections import ErrorCode, Rejection

BASE_CURRENCY = "USD"
RATES_MAX = 500
EXPONENT_MAX = 9
# A unit worth more than this, or less than its inverse, is a slip of the hand.
_WHOLE_DIGITS_MAX = 12


class NewRate(NamedTuple):
    """What one unit of a currency is worth in the base currency; `exponent` for a new one, or to be changed."""

    code: str
    rate: str
    exponent: int | None


class CurrencyRow(NamedTuple):
    """A currency as the table has it."""

    code: str
    exponent: int
    rate: Decimal | None
    rate_updated_at: datetime | None


async def list_currencies(pool: asyncpg.Pool) -> list[CurrencyRow]:
    """Every currency there is, by code. Raises Unavailable."""
    async with asking():
        rows = await pool.fetch("SELECT code, exponent, rate, rate_updated_at FROM currencies ORDER BY code")
    return [CurrencyRow(*row) for row in rows]


async def update_rates(
    pool: asyncpg.Pool, asked: Sequence[NewRate], account_id: UUID
) -> list[CurrencyRow] | list[Rejection]:
    """Sets all of these rates, or none and says why. Raises Unavailable."""
    if problems := list_problems(asked):
        return problems
    codes = [new.code for new in asked]
    async with changing(), pool.acquire() as connection, connection.transaction():
        # One change after the other; whoever decides sees by the revision that there was one.
        await connection.execute("UPDATE currency_revision SET revision = revision + 1")
        exponents = await _exponents(connection, codes)
        if problems := await _exponent_problems(connection, asked, exponents):
            # Leaves the transaction with nothing done but the count.
            return problems
        await connection.execute(
            """
            WITH asked AS (
                SELECT * FROM unnest($1::varchar[], $2::text[], $3::smallint[]) AS asked (code, rate, exponent)
            ), kept AS (
                INSERT INTO currencies AS known (code, exponent, rate, rate_updated_at, exponent_set_at)
                SELECT code, exponent, rate::numeric, clock_timestamp(), clock_timestamp() FROM asked
                ON CONFLICT (code) DO UPDATE
                SET rate = EXCLUDED.rate, rate_updated_at = EXCLUDED.rate_updated_at, exponent = EXCLUDED.exponent,
                    exponent_set_at = CASE WHEN known.exponent = EXCLUDED.exponent
                                      THEN known.exponent_set_at ELSE EXCLUDED.exponent_set_at END
                RETURNING code, rate, rate_updated_at
            )
            INSERT INTO rates (code, rate, set_at, set_by) SELECT code, rate, rate_updated_at, $4 FROM kept
            """,
            codes,
            [canonical(new.rate) for new in asked],
            [exponents.get(new.code, 0) if new.exponent is None else new.exponent for new in asked],
            account_id,
        )
        rows = await connection.fetch(
            """
            SELECT code, exponent, rate, rate_updated_at
            FROM unnest($1::varchar[]) WITH ORDINALITY AS asked (code, number) JOIN currencies USING (code)
            ORDER BY number
            """,
            codes,
        )
    return [CurrencyRow(*row) for row in rows]


def list_problems(asked: Sequence[NewRate]) -> list[Rejection]:
    """What is wrong with the request by itself."""
    if not 0 < len(asked) <= RATES_MAX:
        return [Rejection(ErrorCode.INVALID, f"Give 1 to {RATES_MAX} rates.", ("rates",))]
    problems = []
    codes: set[str] = set()
    for index, new in enumerate(asked):
        at = ("rates", str(index))
        if new.code in codes:
            message = f"{new.code} has a rate in this list already."
            problems.append(Rejection(ErrorCode.INVALID, message, (*at, "code")))
        codes.add(new.code)
        if (problem := _rate_problem(new, (*at, "rate"))) is not None:
            problems.append(problem)
        if new.exponent is not None and not 0 <= new.exponent <= EXPONENT_MAX:
            message = f"A currency has 0 to {EXPONENT_MAX} decimals."
            problems.append(Rejection(ErrorCode.INVALID, message, (*at, "exponent")))
    return problems


def _rate_problem(new: NewRate, at: tuple[str, ...]) -> Rejection | None:
    if is_zero(new.rate):
        return Rejection(ErrorCode.AMOUNT_NOT_POSITIVE, "A rate is greater than zero.", at)
    whole, _, decimals = canonical(new.rate).partition(".")
    if len((whole + decimals).strip("0")) > RATE_DIGITS:
        message = f"A rate has at most {RATE_DIGITS} significant digits."
        return Rejection(ErrorCode.AMOUNT_TOO_PRECISE, message, at)
    if len(whole) > _WHOLE_DIGITS_MAX:
        message = f"A rate has at most {_WHOLE_DIGITS_MAX} digits before the point."
        return Rejection(ErrorCode.AMOUNT_TOO_LARGE, message, at)
    if new.code == BASE_CURRENCY and canonical(new.rate) != "1":
        message = f"{BASE_CURRENCY} is what the others are measured in: its rate is 1."
        return Rejection(ErrorCode.INVALID, message, at)
    return None


async def _exponents(connection: PoolConnectionProxy, codes: Sequence[str]) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT code, exponent FROM currencies WHERE code = ANY ($1::varchar[])", codes
    )
    return {row["code"]: row["exponent"] for row in rows}


async def _exponent_problems(
    connection: PoolConnectionProxy, asked: Sequence[NewRate], exponents: dict[str, int]
) -> list[Rejection]:
    changing_codes = {
        new.code
        for new in asked
        if new.exponent is not None and exponents.get(new.code, new.exponent) != new.exponent
    }
    in_use = await _in_use(connection, changing_codes) if changing_codes else set()
    problems = []
    for index, new in enumerate(asked):
        at = ("rates", str(index), "exponent")
        if new.exponent is None and new.code not in exponents:
            message = f"There is no currency {new.code} yet: say how many decimals it has."
            problems.append(Rejection(ErrorCode.CURRENCY_UNKNOWN, message, at))
        elif new.code in in_use:
            message = f"There are wallets in {new.code}: it keeps its {exponents[new.code]} decimals."
            problems.append(Rejection(ErrorCode.INVALID, message, at))
    return problems


async def _in_use(connection: PoolConnectionProxy, codes: Set[str]) -> set[str]:
    """Those of the currencies that have wallets; of the others none is made until the transaction ends."""
    in_use = await _with_wallets(connection, codes)
    if unused := codes - in_use:
        # Each wallet that is being made holds its currency's row by the foreign key, and lets no one wait who only sets
        # a rate. Where they are made all the time, this lock might never be had: so it is asked for only before the
        # first of them.
        await connection.execute(
            "SELECT FROM currencies WHERE code = ANY ($1::varchar[]) ORDER BY code FOR UPDATE", unused
        )
        in_use |= await _with_wallets(connection, unused)
    return in_use


async def _with_wallets(connection: PoolConnectionProxy, codes: Set[str]) -> set[str]:
    rows = await connection.fetch(
        """
        SELECT code FROM unnest($1::varchar[]) AS asked (code)
        WHERE EXISTS (SELECT FROM wallets WHERE currency = asked.code)
        """,
        codes,
    )
    return {row["code"] for row in rows}
