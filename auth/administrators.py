"""Administrators are made by the operator, never by sign-up."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.transactions import in_transaction

from auth.account_records import EmailTaken, insert_bare_account
from auth.accounts import EMAIL_TAKEN, Refused
from auth.passwords import PasswordHasher
from auth.principal import Role
from auth.profile_rules import check_email, check_password
from ledger.asking import asking, changing
from ledger.rejections import Rejection
from models.accounts import Account


@dataclass(frozen=True, slots=True)
class Administrator:
    """The administrator of that e-mail; `created` tells whether they were made just now."""

    account_id: UUID
    created: bool


async def create_administrator(hasher: PasswordHasher, email: str, password: str) -> Administrator | Refused:
    """Makes an administrator, unless there is one of that e-mail: that one is left alone, password and all.

    So it may be called at each start, by several processes at once. Raises Unavailable.
    """
    checked = check_email(email)
    problems = check_password(password, (email,))
    if isinstance(checked, Rejection):
        return Refused((checked, *problems))
    existing = await _find(checked.key)
    if existing is not None:
        return existing
    if problems:
        return Refused(tuple(problems))
    password_hash = await hasher.hash(password)
    try:
        async with changing(), in_transaction() as connection:
            account = await insert_bare_account(checked, Role.ADMIN, password_hash, connection)
    except EmailTaken:
        # By an administrator that another process has just made, or by a client or a company.
        return await _find(checked.key) or Refused((EMAIL_TAKEN,))
    return Administrator(account.id, created=True)


async def _find(email_key: str) -> Administrator | None:
    async with asking():
        account = await Account.get_or_none(email_key=email_key, role=Role.ADMIN.value, deleted_at=None)
    return Administrator(account.id, created=False) if account else None
