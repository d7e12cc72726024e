"""Currencies and wallets, for plain reads. Only the ledger's writer changes a balance."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tortoise import fields
from tortoise.models import Model


class Currency(Model):
    """What amounts are counted in. `rate` is what one unit is worth in the base currency, USD."""

    code = fields.CharField(max_length=8, primary_key=True)
    exponent = fields.SmallIntField()
    # The column is a numeric without limits; these bounds are for the ORM alone, which wants some.
    rate: Decimal | None = fields.DecimalField(max_digits=131072, decimal_places=16383, null=True)
    rate_updated_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "currencies"


class Wallet(Model):
    """An account of the ledger; amounts are in minor units of `currency`."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.CharField(max_length=16)
    owner_id: UUID | None = fields.UUIDField(null=True)
    token_secret: bytes | None = fields.BinaryField(null=True)
    name = fields.CharField(max_length=255, null=True)
    country = fields.CharField(max_length=255, null=True)
    city = fields.CharField(max_length=255, null=True)
    currency = fields.CharField(max_length=8)
    status = fields.CharField(max_length=16)
    balance = fields.BigIntField()
    held = fields.BigIntField()
    pending = fields.BigIntField()
    sequence = fields.BigIntField()
    only_one = fields.BooleanField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "wallets"
