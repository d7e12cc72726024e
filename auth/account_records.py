"""Accounts with their profile: as they are made and as they are read, without what nobody is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from auth.principal import Role
from auth.profile_rules import ClientDetails, CompanyDetails, Email, fold
from ledger.asking import asking
from models.accounts import Account, ClientProfile, CompanyProfile


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account. `profile` is None for administrators, and for those who deleted theirs: nothing is left of it."""

    id: UUID
    email: str
    role: Role
    created_at: datetime
    profile: ClientProfile | CompanyProfile | None
    deleted_at: datetime | None = None


class EmailTaken(Exception):
    """Another account has this e-mail address, in whatever case it is written."""


def _record(account: Account, profile: ClientProfile | CompanyProfile | None) -> AccountRecord:
    return AccountRecord(
        account.id, account.email, Role(account.role), account.created_at, profile, account.deleted_at
    )


async def insert_account(
    details: ClientDetails | CompanyDetails, password_hash: str, connection: BaseDBAsyncClient
) -> AccountRecord:
    """Makes the account and its profile in the caller's transaction. Raises EmailTaken."""
    role = Role.CLIENT if isinstance(details, ClientDetails) else Role.COMPANY
    names = [f"{details.first_name} {details.last_name}"]
    if isinstance(details, CompanyDetails):
        names.append(details.name)
    account = await insert_bare_account(details.email, role, password_hash, connection, names)
    profile: ClientProfile | CompanyProfile
    if isinstance(details, ClientDetails):
        profile = ClientProfile(
            account_id=account.id,
            first_name=details.first_name,
            last_name=details.last_name,
            phone_number=details.phone_number,
        )
    else:
        profile = CompanyProfile(
            account_id=account.id,
            name=details.name,
            url=details.url,
            first_name=details.first_name,
            last_name=details.last_name,
            phone_number=details.phone_number,
        )
    # The id is given, not generated: without this the ORM would look for a row to update.
    await profile.save(using_db=connection, force_create=True)
    return _record(account, profile)


async def insert_bare_account(
    email: Email, role: Role, password_hash: str, connection: BaseDBAsyncClient, names: Sequence[str] = ()
) -> Account:
    """Makes an account without a profile in the caller's transaction, to be found by these names. Raises EmailTaken."""
    try:
        return await Account.create(
            email=email.address,
            email_key=email.key,
            role=role.value,
            password_hash=password_hash,
            searched=searched_text(email.key, names),
            using_db=connection,
        )
    except IntegrityError as refused:
        # Asking beforehand would not do: of two sign-ups at once, both would find the e-mail free.
        if getattr(refused.__cause__, "constraint_name", None) == "accounts_email_key_key":
            raise EmailTaken from None
        raise


def searched_text(email_key: str, names: Sequence[str]) -> str:
    """What an account with that folded e-mail address and those names is found by (auth/directory.py)."""
    return "\n".join([email_key, *map(fold, names)])


def personal_texts(record: AccountRecord) -> tuple[str, ...]:
    """What a password of this account must not be like."""
    profile = record.profile
    if profile is None:
        return (record.email,)
    texts = [record.email, profile.first_name, profile.last_name, profile.phone_number]
    texts += [f"{profile.first_name} {profile.last_name}", f"{profile.last_name} {profile.first_name}"]
    if isinstance(profile, CompanyProfile):
        texts += [profile.name, profile.url]
    return tuple(texts)


async def find_account(account_id: UUID) -> AccountRecord | None:
    """The account, unless there is none or it is deleted. Raises Unavailable."""
    found = await find_accounts([account_id])
    return found[0] if found and found[0].deleted_at is None else None


async def find_accounts(account_ids: Sequence[UUID]) -> list[AccountRecord]:
    """Those accounts that there are, deleted ones too, by id. Raises Unavailable."""
    async with asking():
        accounts = await Account.filter(id__in=account_ids).select_related("client", "company").order_by("id")
    return [_record(account, account.client or account.company) for account in accounts]


async def read_record(account: Account) -> AccountRecord:
    """The account with its profile. Raises Unavailable."""
    profile: ClientProfile | CompanyProfile | None = None
    async with asking():
        if account.role == Role.CLIENT:
            profile = await ClientProfile.get(account_id=account.id)
        elif account.role == Role.COMPANY:
            profile = await CompanyProfile.get(account_id=account.id)
    return _record(account, profile)
