"""Accounts, their profiles and their sessions.

The tables are made by the migrations, not from these classes. An account is marked deleted, never
removed: the ledger names it for ever.
"""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Account(Model):
    """Someone who can log in. `email_key` is the e-mail folded to one case, and unique."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    email = fields.CharField(max_length=255)
    email_key = fields.CharField(max_length=255, unique=True)
    role = fields.CharField(max_length=7)
    password_hash = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)
    deleted_at: datetime | None = fields.DatetimeField(null=True)
    # What auth/directory.py searches; see the migration that made it.
    searched = fields.TextField(default="")

    # One of the two, and none where it is an administrator's or deleted; only where it was selected.
    client: "ClientProfile | None"
    company: "CompanyProfile | None"

    class Meta:
        table = "accounts"


class ClientProfile(Model):
    """A person who owns wallets."""

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="client", primary_key=True, on_delete=fields.NO_ACTION
    )
    account_id: UUID
    first_name = fields.CharField(max_length=35)
    last_name = fields.CharField(max_length=35)
    phone_number = fields.CharField(max_length=17)

    class Meta:
        table = "clients"


class CompanyProfile(Model):
    """A merchant, with the person who answers for it."""

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="company", primary_key=True, on_delete=fields.NO_ACTION
    )
    account_id: UUID
    name = fields.CharField(max_length=35)
    url = fields.CharField(max_length=70)
    first_name = fields.CharField(max_length=35)
    last_name = fields.CharField(max_length=35)
    phone_number = fields.CharField(max_length=17)

    class Meta:
        table = "companies"


class Session(Model):
    """What one bearer token stands for: its `jti` is the id. It is over at `ended_at` or `expires_at`."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.NO_ACTION
    )
    account_id: UUID
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "sessions"
