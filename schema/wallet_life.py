"""What becomes of wallets after they were made."""

from typing import Annotated

import strawberry

from schema.errors import UserError
from schema.movements import WalletTarget
from schema.scalars import WalletToken
from schema.wallets import Wallet

_YOURS = "The token of your wallet."


@strawberry.input(description="Another name for one's wallet.")
class RenameWalletInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description=_YOURS)
    name: str | None = strawberry.field(
        default=None, description="What you call it: up to 255 characters; none when left out or blank."
    )


@strawberry.input(description="The wallet to be closed.")
class CloseWalletInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description="The token of your wallet, which must be empty.")


@strawberry.input(description="The wallet that gets another token.")
class RotateWalletTokenInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description="The token that it has now.")


@strawberry.input(description="The wallet to be frozen.")
class FreezeWalletInput:
    """The caller is an administrator."""

    wallet: WalletTarget = strawberry.field(description="Any wallet.")


@strawberry.input(description="The wallet that is to be frozen no more.")
class UnfreezeWalletInput:
    """The caller is an administrator."""

    wallet: WalletTarget = strawberry.field(description="Any wallet.")


@strawberry.type(description="A wallet after a change.")
class WalletPayload:
    """The answer to changing a wallet."""

    wallet: Wallet | None = strawberry.field(
        description="The wallet as it is now; null when there are userErrors."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was done; empty when all is well."
    )


RenameWalletArgument = Annotated[
    RenameWalletInput, strawberry.argument(description="Which of your wallets, and its new name.")
]
CloseWalletArgument = Annotated[CloseWalletInput, strawberry.argument(description="Which of your wallets.")]
RotateWalletTokenArgument = Annotated[
    RotateWalletTokenInput, strawberry.argument(description="Which of your wallets.")
]
FreezeWalletArgument = Annotated[FreezeWalletInput, strawberry.argument(description="Which wallet.")]
UnfreezeWalletArgument = Annotated[UnfreezeWalletInput, strawberry.argument(description="Which wallet.")]
