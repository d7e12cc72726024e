"""What mutations about accounts and wallets take."""

from typing import Annotated

import strawberry

from schema.scalars import CurrencyCode

_PASSWORD = (
    "8 to 128 characters; not a common password, not all digits, and not like your name, company, e-mail address "
    "or phone number."
)
_PHONE_NUMBER = "9 to 15 digits, with or without + and 1 before them, such as `+4915112345678`."


@strawberry.input(description="What a client says to sign up.")
class SignUpClientInput:
    """All fields are needed."""

    email: str = strawberry.field(description="Unique without regard to case; at most 255 characters.")
    password: str = strawberry.field(description=_PASSWORD)
    first_name: str = strawberry.field(description="1 to 35 characters after trimming.")
    last_name: str = strawberry.field(description="1 to 35 characters after trimming.")
    phone_number: str = strawberry.field(description=_PHONE_NUMBER)


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
    phone_number: str = strawberry.field(description=_PHONE_NUMBER)


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


@strawberry.input(description="The end of one's account.")
class DeleteAccountInput:
    """The password is asked for again, lest a forgotten browser be enough."""

    password: str = strawberry.field(description="Your password.")


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


SignUpClientArgument = Annotated[SignUpClientInput, strawberry.argument(description="Who the client is.")]
SignUpCompanyArgument = Annotated[SignUpCompanyInput, strawberry.argument(description="Who the company is.")]
LogInArgument = Annotated[LogInInput, strawberry.argument(description="Who signs in, and the proof of it.")]
ChangePasswordArgument = Annotated[
    ChangePasswordInput, strawberry.argument(description="The current password and the new one.")
]
DeleteAccountArgument = Annotated[
    DeleteAccountInput, strawberry.argument(description="The proof that it is you who asks.")
]
CreateWalletArgument = Annotated[
    CreateWalletInput, strawberry.argument(description="What the wallet is to be; `{}` for the usual one.")
]
