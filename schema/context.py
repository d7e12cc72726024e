"""What a resolver finds in `info.context`: who asks, and the parts of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from auth.errors import Forbidden, Unauthenticated
from auth.principal import Principal, Role
from auth.service import Auth
from ledger.outcomes import Operation
from ledger.service import Ledger
from ledger.views import ReservationView, ShareView, WithdrawalView
from ledger.views import WalletReference as Reference
from runtime.settings import Settings


@dataclass
class Context:
    """Made for each operation. `address` is where the request comes from, "" where unknown; `origin` is by which
    scheme and host it reached the service, such as "https://purser.example.com", "" where unknown.

    The loaders load together what a whole page asks for, and only where it is asked for.
    """

    settings: Settings
    auth: Auth
    ledger: Ledger
    principal: Principal | None
    address: str
    origin: str

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

    @cached_property
    def references(self) -> DataLoader[UUID, Reference]:
        """Wallets as others see them."""

        async def load(wallet_ids: Sequence[UUID]) -> Sequence[Reference]:
            found = await self.ledger.reads.wallet_references(wallet_ids)
            return [found[wallet_id] for wallet_id in wallet_ids]

        return DataLoader(load)

    @cached_property
    def shares(self) -> DataLoader[UUID, Sequence[ShareView]]:
        """Who gave and got what in a charge, by its id; nothing where it was neither split nor refunded."""

        async def load(operation_ids: Sequence[UUID]) -> Sequence[Sequence[ShareView]]:
            found = await self.ledger.reads.shares(operation_ids)
            return [found.get(operation_id, ()) for operation_id in operation_ids]

        return DataLoader(load)

    @cached_property
    def reservations(self) -> DataLoader[UUID, ReservationView | None]:
        """What an operation set aside, by its id."""

        async def load(operation_ids: Sequence[UUID]) -> Sequence[ReservationView | None]:
            found = await self.ledger.reads.reservations(operation_ids)
            return [found.get(operation_id) for operation_id in operation_ids]

        return DataLoader(load)

    @cached_property
    def withdrawals(self) -> DataLoader[UUID, WithdrawalView | None]:
        """How far a withdrawal has come, by its id."""

        async def load(operation_ids: Sequence[UUID]) -> Sequence[WithdrawalView | None]:
            found = await self.ledger.reads.withdrawals(operation_ids)
            return [found.get(operation_id) for operation_id in operation_ids]

        return DataLoader(load)

    @cached_property
    def operations(self) -> DataLoader[UUID, Operation | None]:
        """Operations that the reader may read, by their ids."""

        async def load(operation_ids: Sequence[UUID]) -> Sequence[Operation | None]:
            found = await self.ledger.reads.operations_by_id(operation_ids)
            readable = {
                operation_id: operation
                for operation_id, (operation, parties) in found.items()
                if any(map(self.may_read, parties))
            }
            return [readable.get(operation_id) for operation_id in operation_ids]

        return DataLoader(load)


Info = strawberry.Info[Context, None]
