"""Operations: what happened, or was refused for a business reason."""

from enum import StrEnum
from uuid import UUID

import strawberry

from ledger.books import Currencies
from ledger.outcomes import Operation as Record
from ledger.rejections import ErrorCode
from ledger.tokens import write_token
from schema.context import Context, Info
from schema.enums import describe_enum
from schema.ids import IdKind, write_id
from schema.money import Money, money
from schema.nodes import Node
from schema.paging import PageInfo
from schema.scalars import Amount, DateTime, WalletToken


class OperationKind(StrEnum):
    """The kinds of operations."""

    DEPOSIT = "DEPOSIT"
    CHARGE = "CHARGE"
    TRANSFER = "TRANSFER"
    WITHDRAWAL = "WITHDRAWAL"
    REFUND = "REFUND"
    AUTHORIZATION = "AUTHORIZATION"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"


describe_enum(
    OperationKind,
    "What kind of thing happened.",
    {
        OperationKind.DEPOSIT: "The owner topped the wallet up.",
        OperationKind.CHARGE: "A company took money from the wallet.",
        OperationKind.TRANSFER: "The owner sent money to another wallet.",
        OperationKind.WITHDRAWAL: "The owner sent money to a bank account.",
        OperationKind.REFUND: "A company gave back all or part of a charge.",
        OperationKind.AUTHORIZATION: "A company set money aside for later.",
        OperationKind.CAPTURE: "A company took money that was set aside.",
        OperationKind.RELEASE: "Money set aside became available again.",
    },
)


class OperationStatus(StrEnum):
    """The states of operations."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


describe_enum(
    OperationStatus,
    "How far an operation has come.",
    {
        OperationStatus.PENDING: "Accepted, and under way.",
        OperationStatus.SUCCEEDED: "Committed to disk. It never changes again.",
        OperationStatus.FAILED: "Refused; nothing moved. It never changes again.",
    },
)


@strawberry.type(description="The other side of an operation, as far as the reader may see it.")
class WalletReference:
    """Loaded only where it is asked for, and together for a whole page."""

    wallet_id: strawberry.Private[UUID]
    charged_by: strawberry.Private[UUID | None]

    @strawberry.field(description="The wallet's public id.")
    def id(self) -> strawberry.ID:
        """The wallet's public id."""
        return strawberry.ID(write_id(IdKind.WALLET, self.wallet_id))

    @strawberry.field(
        description=(
            "Shown to the wallet's owner, to administrators, and to a company for a wallet that it charged; "
            "null to others."
        )
    )
    async def token(self, info: Info) -> WalletToken | None:
        """The wallet's token, for those who may see it."""
        context: Context = info.context
        reference = await context.references.load(self.wallet_id)
        asks = context.signed_in().account_id
        if reference.token_secret is None or not (
            context.may_read(reference.owner_id) or asks == self.charged_by
        ):
            return None
        return WalletToken(write_token(reference.id, reference.token_secret))

    @strawberry.field(description="The company's name, or the client's first name and initial.")
    async def owner_name(self, info: Info) -> str:
        """Whose wallet it is."""
        return (await info.context.references.load(self.wallet_id)).owner_name


@strawberry.type(
    description="What happened, or was refused for a business reason. It never changes once SUCCEEDED or FAILED."
)
class Operation(Node):
    """A row of the table of operations. What is more than a column is worked out only where it is asked for."""

    record: strawberry.Private[Record]
    currencies: strawberry.Private[Currencies]
    kind: OperationKind = strawberry.field(description="What kind of thing happened.")
    status: OperationStatus = strawberry.field(description="How far it has come.")
    success: bool = strawberry.field(description="Whether `status` is SUCCEEDED.")
    failure_code: ErrorCode | None = strawberry.field(description="Why it failed; null unless FAILED.")
    summary: str = strawberry.field(description="What it was for, in the words of whoever asked.")
    created_at: DateTime = strawberry.field(description="When it was decided.")
    rate: Amount | None = strawberry.field(
        description="Units of the credited currency for one unit of the debited one; null where nothing was converted."
    )

    @strawberry.field(description="As asked for, in the currency asked for.")
    def amount(self) -> Money:
        """As asked for, in the currency asked for."""
        return money(self.record.amount, self.record.currency, self.currencies)

    @strawberry.field(
        description="What left the source wallet, in its currency; null where nothing moved or there is no source."
    )
    def debited(self) -> Money | None:
        """What left the source wallet."""
        return self._moved(self.record.debited, self.record.source_currency)

    @strawberry.field(
        description="What reached the target wallet, in its currency; null where nothing moved or there is no target."
    )
    def credited(self) -> Money | None:
        """What reached the target wallet."""
        return self._moved(self.record.credited, self.record.target_currency)

    @strawberry.field(description="The wallet that money left; null for a deposit.")
    def source(self) -> WalletReference | None:
        """The wallet that money left."""
        if self.record.source_id is None:
            return None
        charged_by = self.record.account_id if self.record.kind == "CHARGE" else None
        return WalletReference(wallet_id=self.record.source_id, charged_by=charged_by)

    @strawberry.field(description="The wallet that money reached; null for a withdrawal.")
    def target(self) -> WalletReference | None:
        """The wallet that money reached."""
        if self.record.target_id is None:
            return None
        return WalletReference(wallet_id=self.record.target_id, charged_by=None)

    @strawberry.field(
        description="How much of a charge has been given back so far; null for what is no charge or failed."
    )
    def refunded(self) -> Money | None:
        """How much of a charge has been given back so far."""
        if self.record.kind != "CHARGE" or not self.success:
            return None
        return money(0, self.record.currency, self.currencies)

    def _moved(self, amount_minor: int | None, code: str | None) -> Money | None:
        if amount_minor is None or code is None:
            return None
        return money(amount_minor, code, self.currencies)


def operation(record: Record, context: Context) -> Operation:
    """An operation as those who may see it see it."""
    return Operation(
        record=record,
        currencies=context.ledger.currencies,
        id=strawberry.ID(write_id(IdKind.OPERATION, record.id)),
        kind=OperationKind(record.kind),
        status=OperationStatus(record.status),
        success=record.status == "SUCCEEDED",
        failure_code=record.failure_code,
        summary=record.summary,
        created_at=DateTime(record.created_at),
        rate=None,
    )


@strawberry.type(description="An operation in a list.")
class OperationEdge:
    """The Relay type of that name."""

    node: Operation = strawberry.field(description="The operation.")
    cursor: str = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="A page of operations.")
class OperationConnection:
    """The Relay type of that name."""

    nodes: list[Operation] = strawberry.field(description="The operations alone.")
    edges: list[OperationEdge] = strawberry.field(description="The operations with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")
