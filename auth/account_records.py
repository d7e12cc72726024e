"""Accounts as they are read: with their profile, and without what nobody is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from auth.principal import Role
from auth.profile_rules import ClientDetails, CompanyDetails, Email
from ledger.asking import asking
from models.accounts import Account, ClientProfile, CompanyProfile


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account that is not deleted. `profile` is None for administrators alone."""

    id: UUID
    email: str
    role: Role
    created_at: datetime
    profile: ClientProfile | CompanyProfile | None


class EmailTaken(Exception):
    """Another account has this e-mail address, in whatever case it is written."""


def _record(account: Account, profile: ClientProfile | CompanyProfile | None) -> AccountRecord:
    return AccountRecord(account.id, account.email, Role(account.role), account.created_at, profile)


async def insert_account(
    details: ClientDetails | CompanyDetails, password_hash: str, connection: BaseDBAsyncClient
) -> AccountRecord:
    """Makes the account and its profile in the caller's transaction. Raises EmailTaken."""
    role = Role.CLIENT if isinstance(details, ClientDetails) else Role.COMPANY
    account = await insert_bare_account(details.email, role, password_hash, connection)
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
    email: Email, role: Role, password_hash: str, connection: BaseDBAsyncClient
) -> Account:
    """Makes an account without a profile in the caller's transaction. Raises EmailTaken."""
    try:
        return await Account.create(
            email=email.address,
            email_key=email.key,
            role=role.value,
            password_hash=password_hash,
            using_db=connection,
        )
    except IntegrityError as refused:
        # Asking beforehand would not do: of two sign-ups at once, both would find the e-mail free.
        if getattr(refused.__cause__, "constraint_name", None) == "accounts_email_key_key":
            raise EmailTaken from None
        raise


async def read_record(account: Account) -> AccountRecord:
    """The account with its profile. Raises Unavailable."""
    async with asking():
        profiles = await _profiles_of([account])
    return _record(account, profiles.get(account.id))


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
    return (await find_accounts([account_id])).get(account_id)


async def find_accounts(account_ids: Iterable[UUID]) -> dict[UUID, AccountRecord]:
    """Those of the accounts that exist and are not deleted, in three queries. Raises Unavailable."""
    ids = list(account_ids)
    async with asking():
        accounts = await Account.filter(id__in=ids, deleted_at=None)
        profiles = await _profiles_of(accounts)
    return {account.id: _record(account, profiles.get(account.id)) for account in accounts}


async def _profiles_of(accounts: list[Account]) -> dict[UUID, ClientProfile | CompanyProfile]:
    clients = [account.id for account in accounts if account.role == Role.CLIENT]
    companies = [account.id for account in accounts if account.role == Role.COMPANY]
    profiles: dict[UUID, ClientProfile | CompanyProfile] = {}
    if clients:
        profiles |= {
            profile.account_id: profile for profile in await ClientProfile.filter(account_id__in=clients)
        }
    if companies:
        found = await CompanyProfile.filter(account_id__in=companies)
        profiles |= {profile.account_id: profile for profile in found}
    return profiles
