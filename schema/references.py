"""Wallets as others see them."""

from datetime import datetime
from uuid import UUID

import strawberry

from ledger.tokens import write_token
from ledger.views import WalletReference as Reference
from schema.context import Context, Info
from schema.ids import IdKind, write_id
from schema.scalars import WalletToken


@strawberry.type(description="The other side of an operation, as far as the reader may see it.")
class WalletReference:
    """Loaded only where it is asked for, and together for a whole page."""

    wallet_id: strawberry.Private[UUID]
    # The company that charged this wallet by its token, and when.
    charged_by: strawberry.Private[UUID | None] = None
    charged_at: strawberry.Private[datetime | None] = None

    @strawberry.field(description="The wallet's public id.")
    def id(self) -> strawberry.ID:
        """The wallet's public id."""
        return strawberry.ID(write_id(IdKind.WALLET, self.wallet_id))

    @strawberry.field(
        description=(
            "Shown to the wallet's owner, to administrators, and to a company on its own charge or authorization, as "
            "long as that token has not been replaced; null to others."
        )
    )
    async def token(self, info: Info) -> WalletToken | None:
        """The wallet's token, for those who may see it."""
        context: Context = info.context
        reference = await context.references.load(self.wallet_id)
        if reference.token_secret is None or not (
            context.may_read(reference.owner_id)
            or self._was_told_to(context.signed_in().account_id, reference)
        ):
            return None
        return WalletToken(write_token(reference.id, reference.token_secret))

    def _was_told_to(self, account_id: UUID, reference: Reference) -> bool:
        if self.charged_by != account_id or self.charged_at is None:
            return False
        rotated_at = reference.token_rotated_at
        return rotated_at is None or self.charged_at > rotated_at

    @strawberry.field(description="The company's name, or the client's first name and initial.")
    async def owner_name(self, info: Info) -> str:
        """Whose wallet it is."""
        return (await info.context.references.load(self.wallet_id)).owner_name
