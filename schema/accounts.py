"""People and companies as clients see them."""

from typing import TypedDict
from uuid import UUID

import strawberry

from auth.account_records import AccountRecord
from auth.principal import Role
from models.accounts import ClientProfile, CompanyProfile
from schema.context import Info
from schema.enums import describe_enum
from schema.ids import IdKind, write_id
from schema.nodes import Node
from schema.paging import After, Before, First, Last, read_page
from schema.scalars import DateTime
from schema.wallet_pages import WalletConnection, WalletFilterArgument, wallet_page

describe_enum(
    Role,
    "What an account may do.",
    {
        Role.CLIENT: "Owns wallets, tops them up and pays from them.",
        Role.COMPANY: "Charges wallets, into a wallet of its own.",
        Role.ADMIN: "Sees everything; made by the operator, never by signing up.",
    },
)


@strawberry.interface(description="Someone who can sign in.")
class Account:
    """What clients, companies and administrators share."""

    account_id: strawberry.Private[UUID]
    id: strawberry.ID = strawberry.field(description="Public, unique over all types, and never reused.")
    email: str = strawberry.field(
        description="The e-mail address used to sign in; unique, case makes no difference; `deleted` once erased."
    )
    role: Role = strawberry.field(description="What the account may do.")
    created_at: DateTime = strawberry.field(description="When it signed up.")

    @strawberry.field(
        description=(
            "Its wallets, oldest first. Null unless the reader is signed in as this account or as an administrator, so "
            "also in the answer to signing up or logging in, whose token counts from the next request on."
        )
    )
    async def wallets(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter_: WalletFilterArgument = None,
    ) -> WalletConnection | None:
        """A page of its wallets."""
        if not info.context.may_read(self.account_id):
            return None
        page = read_page(first, after, last, before)
        return await wallet_page(info.context, page, filter_, owner_id=self.account_id)


@strawberry.type(description="A person who owns wallets.")
class Client(Node, Account):
    """An account with the role CLIENT."""

    first_name: str = strawberry.field(description="1 to 35 characters.")
    last_name: str = strawberry.field(description="1 to 35 characters. Others see only its initial.")
    phone_number: str = strawberry.field(description="As given at sign-up, such as `+4915112345678`.")


@strawberry.type(description="A merchant, who charges wallets.")
class Company(Node, Account):
    """An account with the role COMPANY."""

    name: str = strawberry.field(description="The company's name, as payers see it: 1 to 35 characters.")
    url: str = strawberry.field(description="Its web site: http or https, at most 70 characters.")
    first_name: str = strawberry.field(description="The contact's first name, 1 to 35 characters.")
    last_name: str = strawberry.field(description="The contact's last name, 1 to 35 characters.")
    phone_number: str = strawberry.field(description="The contact's phone number.")


@strawberry.type(description="Someone who runs the service.")
class Administrator(Node, Account):
    """An account with the role ADMIN."""


@strawberry.type(description="An account that its owner deleted: nothing personal is left of it.")
class DeletedAccount(Node, Account):
    """What administrators see of it."""

    deleted_at: DateTime = strawberry.field(description="When it was deleted.")


AnyAccount = Client | Company | Administrator | DeletedAccount


class _Shared(TypedDict):
    account_id: UUID
    id: strawberry.ID
    email: str
    role: Role
    created_at: DateTime


_ID_KINDS = {Role.CLIENT: IdKind.CLIENT, Role.COMPANY: IdKind.COMPANY, Role.ADMIN: IdKind.ADMINISTRATOR}


def account(record: AccountRecord) -> AnyAccount:
    """An account as its owner and administrators see it."""
    shared = _Shared(
        account_id=record.id,
        id=strawberry.ID(write_id(_ID_KINDS[record.role], record.id)),
        email=record.email,
        role=record.role,
        created_at=DateTime(record.created_at),
    )
    profile = record.profile
    if record.deleted_at is not None:
        return DeletedAccount(**shared, deleted_at=DateTime(record.deleted_at))
    if isinstance(profile, ClientProfile):
        return Client(
            **shared,
            first_name=profile.first_name,
            last_name=profile.last_name,
            phone_number=profile.phone_number,
        )
    if isinstance(profile, CompanyProfile):
        return Company(
            **shared,
            name=profile.name,
            url=profile.url,
            first_name=profile.first_name,
            last_name=profile.last_name,
            phone_number=profile.phone_number,
        )
    return Administrator(**shared)
