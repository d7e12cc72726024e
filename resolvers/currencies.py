"""What amounts may be counted in."""

from ledger.asking import asking
from models.money import Currency as Row
from schema.context import Info
from schema.money import Currency
from schema.scalars import Amount, CurrencyCode, DateTime


async def list_currencies(info: Info) -> list[Currency]:
    """Every currency the service knows, by code. Raises Unavailable."""
    async with asking():
        rows = await Row.all().order_by("code")
    return [
        Currency(
            code=CurrencyCode(row.code),
            exponent=row.exponent,
            rate=None if row.rate is None else Amount(f"{row.rate:f}"),
            rate_updated_at=None if row.rate_updated_at is None else DateTime(row.rate_updated_at),
        )
        for row in rows
    ]
