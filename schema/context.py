"""What a resolver finds in `info.context`: who asks, and the parts of the service."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from auth.errors import Forbidden, Unauthenticated
from auth.principal import Principal, Role
from auth.service import Auth
from ledger.reads import WalletReference as Reference
from ledger.service import Ledger
from runtime.settings import Settings


@dataclass(slots=True)
class Context:
    """Made for each operation. `address` is where the request comes from, "" where unknown."""

    settings: Settings
    auth: Auth
    ledger: Ledger
    principal: Principal | None
    address: str
    _references: DataLoader[UUID, Reference] | None = field(default=None, init=False)

    def signed_in(self, *roles: Role) -> Principal:
        """Who asks. Raises Unauthenticated when nobody is signed in, Forbidden for another role than these."""
        if self.principal is None:
            raise Unauthenticated
        if roles and self.principal.role not in roles:
            raise Forbidden
        return self.principal

    def may_read(self, owner_id: UUID | None) -> bool:
        """Whether what belongs to this account may be shown in full."""
        principal = self.principal
        return principal is not None and (principal.role is Role.ADMIN or principal.account_id == owner_id)

    @property
    def references(self) -> DataLoader[UUID, Reference]:
        """Wallets as others see them, loaded together for a whole page."""
        if self._references is None:
            self._references = DataLoader(self._load_references)
        return self._references

    async def _load_references(self, wallet_ids: Sequence[UUID]) -> Sequence[Reference]:
        found = await self.ledger.reads.wallet_references(wallet_ids)
        return [found[wallet_id] for wallet_id in wallet_ids]


Info = strawberry.Info[Context, None]
