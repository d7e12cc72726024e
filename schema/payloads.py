"""What mutations answer."""

import strawberry

from schema.accounts import Account
from schema.errors import UserError
from schema.operations import Operation
from schema.scalars import DateTime
from schema.wallets import Wallet

_USER_ERRORS = "Why nothing was done; empty when all is well."


@strawberry.type(description="A new account, signed in at once.")
class SignUpPayload:
    """The answer to signing up."""

    token: str | None = strawberry.field(
        description="The bearer token, for the header `Authorization: Bearer …`; null when there are userErrors."
    )
    expires_at: DateTime | None = strawberry.field(description="When the token ends.")
    account: Account | None = strawberry.field(description="The account; null when there are userErrors.")
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(description="A session.")
class LogInPayload:
    """The answer to logging in."""

    token: str | None = strawberry.field(
        description="The bearer token, for the header `Authorization: Bearer …`; null when there are userErrors."
    )
    expires_at: DateTime | None = strawberry.field(description="When the token ends.")
    account: Account | None = strawberry.field(description="The account; null when there are userErrors.")
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(description="The end of a session.")
class LogOutPayload:
    """The answer to logging out."""

    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(description="A new password; every other session of the account has ended.")
class ChangePasswordPayload:
    """The answer to changing the password."""

    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(description="The end of an account.")
class DeleteAccountPayload:
    """The answer to deleting one's account."""

    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was done; empty when the account is deleted."
    )


@strawberry.type(description="A new wallet.")
class CreateWalletPayload:
    """The answer to making a wallet."""

    wallet: Wallet | None = strawberry.field(description="The wallet, empty; null when there are userErrors.")
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(
    description=(
        "What came of a request to move money. A refused operation is still an operation: `operation.status` is "
        "FAILED with its `failureCode`, it stands in the history of both wallets, and `userErrors` says the same."
    )
)
class OperationPayload:
    """The answer to every mutation that moves money."""

    operation: Operation | None = strawberry.field(
        description=(
            "What was recorded; null where nothing could be: an unknown wallet, an amount with too many decimals."
        )
    )
    wallet: Wallet | None = strawberry.field(
        description="The caller's wallet after the operation; as it stands now where `replayed`."
    )
    replayed: bool = strawberry.field(
        description="Whether this is the first outcome again, of an earlier request with the same idempotency key."
    )
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)


@strawberry.type(description="What came of each of several requests to move money.")
class BulkPayload:
    """The answer to every mutation that takes many."""

    outcomes: list[OperationPayload] = strawberry.field(description="One for each input, in the same order.")
    succeeded_count: int = strawberry.field(
        description="How many of them succeeded, or were accepted where `queued`."
    )
    failed_count: int = strawberry.field(description="How many of them have userErrors.")
