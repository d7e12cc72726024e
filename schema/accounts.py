"""People and companies as clients see them."""

import strawberry

from auth.account_records import AccountRecord
from auth.principal import Role
from models.accounts import ClientProfile, CompanyProfile
from schema.enums import describe_enum
from schema.ids import IdKind, write_id
from schema.nodes import Node
from schema.scalars import DateTime

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

    id: strawberry.ID = strawberry.field(description="Public, unique over all types, and never reused.")
    email: str = strawberry.field(
        description="The e-mail address used to sign in; unique, case makes no difference."
    )
    role: Role = strawberry.field(description="What the account may do.")
    created_at: DateTime = strawberry.field(description="When it signed up.")


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


def account(record: AccountRecord) -> Client | Company | Administrator:
    """An account as its owner and administrators see it."""
    email, role, created_at = record.email, record.role, DateTime(record.created_at)
    profile = record.profile
    if isinstance(profile, ClientProfile):
        return Client(
            id=strawberry.ID(write_id(IdKind.CLIENT, record.id)),
            email=email,
            role=role,
            created_at=created_at,
            first_name=profile.first_name,
            last_name=profile.last_name,
            phone_number=profile.phone_number,
        )
    if isinstance(profile, CompanyProfile):
        return Company(
            id=strawberry.ID(write_id(IdKind.COMPANY, record.id)),
            email=email,
            role=role,
            created_at=created_at,
            name=profile.name,
            url=profile.url,
            first_name=profile.first_name,
            last_name=profile.last_name,
            phone_number=profile.phone_number,
        )
    return Administrator(
        id=strawberry.ID(write_id(IdKind.ADMINISTRATOR, record.id)),
        email=email,
        role=role,
        created_at=created_at,
    )
