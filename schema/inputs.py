"""What mutations take."""

from typing import Annotated

import strawberry

from schema.scalars import Amount, CurrencyCode, WalletToken

_KEY = (
    "1 to 255 characters of your choice. The same key from the same account with the same input answers with the "
    "first outcome (`replayed: true`) for ever, and with another input is IDEMPOTENCY_CONFLICT. Send one with "
    "every request that moves money, and a lost answer is got again by sending the request again."
)
_CURRENCY = "The currency of `amount`; the wallet's when left out."
_PASSWORD = (
    "8 to 128 characters; not a common password, not all digits, and not like your name, company, e-mail address "
    "or phone number."
)


@strawberry.input(description="What a client says to sign up.")
class SignUpClientInput:
    """All fields are needed."""

    email: str = strawberry.field(description="Unique without regard to case; at most 255 characters.")
    password: str = strawberry.field(description=_PASSWORD)
    first_name: str = strawberry.field(description="1 to 35 characters after trimming.")
    last_name: str = strawberry.field(description="1 to 35 characters after trimming.")
    phone_number: str = strawberry.field(description="E.164, such as `+4915112345678`.")


@strawberry.input(description="What a company says to sign up.")
class SignUpCompanyInput:
    """All fields are needed."""

    email: str = strawberry.field(description="Unique without regard to case; at most 255 characters.")
    password: str = strawberry.field(description=_PASSWORD)
    name: str = strawberry.field(description="The company's name: 1 to 35 characters after trimming.")
    url: str = strawberry.field(description="Its web site: http or https, at most 70 characters.")
    first_name: str = strawberry.field(
        description="The contact's first name: 1 to 35 characters after trimming."
    )
    last_name: str = strawberry.field(
        description="The contact's last name: 1 to 35 characters after trimming."
    )
    phone_number: str = strawberry.field(description="The contact's phone number: E.164.")


@strawberry.input(description="Who signs in.")
class LogInInput:
    """A wrong e-mail and a wrong password are answered alike."""

    email: str = strawberry.field(description="The e-mail address used to sign up; case makes no difference.")
    password: str = strawberry.field(description="The password.")


@strawberry.input(description="A change of password.")
class ChangePasswordInput:
    """The current password is asked for again, lest a forgotten browser be enough."""

    current_password: str = strawberry.field(description="The password that is valid now.")
    new_password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="What a new wallet is to be.")
class CreateWalletInput:
    """Everything may be left out."""

    currency: CurrencyCode | None = strawberry.field(
        default=None, description="Its one currency, for good; the service's default one when left out."
    )
    name: str | None = strawberry.field(default=None, description="What you call it: up to 255 characters.")
    country: str | None = strawberry.field(
        default=None, description="Where it is used: up to 255 characters."
    )
    city: str | None = strawberry.field(default=None, description="Where it is used: up to 255 characters.")


@strawberry.input(description="A top-up of one's own wallet.")
class DepositInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description="The token of your wallet.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    summary: str | None = strawberry.field(default=None, description="What it is for: up to 255 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="A company's charge of a wallet.")
class ChargeInput:
    """The caller is a company."""

    wallet: WalletToken = strawberry.field(description="The token of the wallet to take the money from.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    summary: str = strawberry.field(description="What it is for, for both histories: up to 255 characters.")
    into: WalletToken | None = strawberry.field(
        default=None,
        description="Which of the company's wallets is credited; needed only where it has more than one.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


SignUpClientArgument = Annotated[SignUpClientInput, strawberry.argument(description="Who the client is.")]
SignUpCompanyArgument = Annotated[SignUpCompanyInput, strawberry.argument(description="Who the company is.")]
LogInArgument = Annotated[LogInInput, strawberry.argument(description="Who signs in, and the proof of it.")]
ChangePasswordArgument = Annotated[
    ChangePasswordInput, strawberry.argument(description="The current password and the new one.")
]
CreateWalletArgument = Annotated[
    CreateWalletInput, strawberry.argument(description="What the wallet is to be; `{}` for the usual one.")
]
DepositArgument = Annotated[
    DepositInput, strawberry.argument(description="Which of your wallets is topped up, and with how much.")
]
ChargeArgument = Annotated[
    ChargeInput, strawberry.argument(description="Which wallet is charged, with how much, and for what.")
]
