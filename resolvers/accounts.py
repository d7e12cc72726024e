"""Signing up, logging in and out, changing the password, and who one is."""

from typing import Annotated, TypeVar

import strawberry

from auth.account_records import find_account, find_accounts
from auth.accounts import Refused, SignedIn
from auth.principal import Role
from schema.accounts import Account, AnyAccount, account
from schema.context import Context, Info
from schema.errors import user_errors
from schema.ids import read_id
from schema.inputs import (
    ChangePasswordArgument,
    DeleteAccountArgument,
    LogInArgument,
    SignUpClientArgument,
    SignUpCompanyArgument,
)
from schema.payloads import (
    ChangePasswordPayload,
    DeleteAccountPayload,
    LogInPayload,
    LogOutPayload,
    SignUpPayload,
)
from schema.scalars import DateTime

SignedInPayload = TypeVar("SignedInPayload", SignUpPayload, LogInPayload)


async def viewer(info: Info) -> Account | None:
    """The account that the bearer token stands for."""
    principal = info.context.principal
    if principal is None:
        return None
    record = await find_account(principal.account_id)
    return None if record is None else account(record)


async def find_account_by_id(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The account's id.")]
) -> Account | None:
    """The account, or null where there is none or it is not the reader's to see."""
    info.context.signed_in()
    return await readable_account(info.context, id)


async def readable_account(context: Context, id: str) -> AnyAccount | None:
    """The account of that public id, if the reader may read it; for administrators deleted ones too."""
    parts = read_id(id)
    if parts is None or not context.may_read(parts[1]):
        return None
    records = await find_accounts([parts[1]])
    found = account(records[0]) if records else None
    return found if found is not None and found.id == id else None


async def sign_up_client(info: Info, input: SignUpClientArgument) -> SignUpPayload:
    """A new client."""
    return _signed_in(
        SignUpPayload,
        await info.context.auth.accounts.sign_up_client(
            email=input.email,
            password=input.password,
            first_name=input.first_name,
            last_name=input.last_name,
            phone_number=input.phone_number,
        ),
    )


async def sign_up_company(info: Info, input: SignUpCompanyArgument) -> SignUpPayload:
    """A new company."""
    return _signed_in(
        SignUpPayload,
        await info.context.auth.accounts.sign_up_company(
            email=input.email,
            password=input.password,
            name=input.name,
            url=input.url,
            first_name=input.first_name,
            last_name=input.last_name,
            phone_number=input.phone_number,
        ),
    )


async def log_in(info: Info, input: LogInArgument) -> LogInPayload:
    """A new session."""
    return _signed_in(
        LogInPayload,
        await info.context.auth.accounts.log_in(input.email, input.password, info.context.address),
    )


async def log_out(info: Info) -> LogOutPayload:
    """The end of this session."""
    await info.context.auth.accounts.log_out(info.context.signed_in())
    return LogOutPayload(user_errors=[])


async def change_password(info: Info, input: ChangePasswordArgument) -> ChangePasswordPayload:
    """A new password, and the end of all other sessions."""
    context = info.context
    refused = await context.auth.accounts.change_password(
        context.signed_in(), input.current_password, input.new_password
    )
    return ChangePasswordPayload(user_errors=[] if refused is None else user_errors(refused.rejections))


async def delete_account(info: Info, input: DeleteAccountArgument) -> DeleteAccountPayload:
    """The end of the caller's account."""
    principal = info.context.signed_in(Role.CLIENT, Role.COMPANY)
    refused = await info.context.auth.accounts.delete(principal, input.password)
    return DeleteAccountPayload(user_errors=[] if refused is None else user_errors(refused.rejections))


def _signed_in(payload: type[SignedInPayload], outcome: SignedIn | Refused) -> SignedInPayload:
    if isinstance(outcome, Refused):
        return payload(token=None, expires_at=None, account=None, user_errors=user_errors(outcome.rejections))
    return payload(
        token=outcome.token,
        expires_at=DateTime(outcome.expires_at),
        account=account(outcome.account),
        user_errors=[],
    )
