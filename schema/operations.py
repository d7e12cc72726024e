"""Operations: what happened, or was refused for a business reason."""

from enum import StrEnum
from uuid import UUID

import strawberry

import schema.errors  # noqa: F401 - describes ErrorCode, which must come before anything has one
from ledger.books import Currencies
from ledger.outcomes import Operation as Record
from schema.authorizations import Authorization, authorization
from schema.context import Context, Info
from schema.enums import describe_enum
from schema.errors import ErrorCode
from schema.ids import IdKind, write_id
from schema.money import Money, money
from schema.nodes import Node
from schema.references import WalletReference
from schema.scalars import Amount, DateTime
from schema.withdrawals import Withdrawal, withdrawal


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
        OperationKind.RELEASE: "A company gave back what an authorization still held.",
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
        OperationStatus.SUCCEEDED: "Committed to disk, for good.",
        OperationStatus.FAILED: "Refused, for good; nothing moved.",
    },
)


# The company was given the payer's token to ask for these.
_BY_TOKEN = ("CHARGE", "AUTHORIZATION")


@strawberry.type(description="A part of a charge that went to another wallet than the company's.")
class Split:
    """One share of a charge."""

    wallet: WalletReference = strawberry.field(description="The wallet that got it.")
    amount: Money = strawberry.field(description="How much of the charge, in the charge's currency.")
    credited: Money = strawberry.field(description="What reached the wallet, in its currency.")


@strawberry.type(
    description=(
        "What happened, or was refused for a business reason. Its status, amounts and wallets never change once "
        "SUCCEEDED or FAILED; `refunded` and `authorization` tell how it stands now."
    )
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
    created_at: DateTime = strawberry.field(description="When it was accepted.")
    rate: Amount | None = strawberry.field(
        description=(
            "Units of the credited currency for one unit of the debited one (of the one asked for, in a deposit), to "
            "12 significant digits; null where nothing was converted."
        )
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
        return self._side(self.record.source_id, is_payer=self.record.kind in _BY_TOKEN)

    @strawberry.field(
        description="The wallet that money reached; null for a withdrawal, and where the company had no wallet."
    )
    def target(self) -> WalletReference | None:
        """The wallet that money reached."""
        return self._side(self.record.target_id, is_payer=False)

    @strawberry.field(
        description=(
            "How much of a charge or capture has been given back so far, in the currency of `amount`; null for other "
            "kinds and for what failed."
        )
    )
    async def refunded(self, info: Info) -> Money | None:
        """How much has been given back so far."""
        if self.record.kind not in ("CHARGE", "CAPTURE") or not self.success:
            return None
        shares = await info.context.shares.load(self.record.id)
        return money(shares[0].refunded if shares else 0, self.record.currency, self.currencies)

    @strawberry.field(
        description=(
            "The parts of a charge that went to other wallets than the company's: all of them for the company that "
            "made it and for administrators, one's own for others."
        )
    )
    async def splits(self, info: Info) -> list[Split]:
        """The parts that went to others."""
        if self.record.kind != "CHARGE" or not self.success:
            return []
        context = info.context
        shares = await context.shares.load(self.record.id)
        return [
            Split(
                wallet=WalletReference(wallet_id=share.wallet_id),
                amount=money(share.amount, self.record.currency, self.currencies),
                credited=money(share.moved, share.currency, self.currencies),
            )
            for share in shares
            if share.number > 1
            and (context.may_read(self.record.account_id) or context.may_read(share.owner_id))
        ]

    @strawberry.field(
        description=(
            "What this one goes back to: the charge that a refund gives back, the authorization that was captured or "
            "released. Null for other kinds."
        )
    )
    async def origin(self, info: Info) -> "Operation | None":
        """The earlier operation."""
        if self.record.origin_id in (None, self.record.known_id):
            return None
        record = await info.context.operations.load(self.record.origin_id)
        return None if record is None else operation(record, info.context)

    @strawberry.field(
        description="From when on the money of a deposit can be used, where that was not at once; null otherwise."
    )
    def available_at(self) -> DateTime | None:
        """When a deposit becomes available."""
        is_later = self.record.kind == "DEPOSIT" and self.record.due_at is not None
        return DateTime(self.record.due_at) if is_later and self.record.due_at else None

    @strawberry.field(
        description="How far an authorization has come; null for other kinds and for what failed."
    )
    async def authorization(self, info: Info) -> Authorization | None:
        """How far an authorization has come."""
        if self.record.kind != "AUTHORIZATION" or not self.success:
            return None
        reservation = await info.context.reservations.load(self.record.id)
        return None if reservation is None else authorization(self.record, reservation, self.currencies)

    @strawberry.field(
        description="How far a withdrawal has come; null for other kinds and for what was refused at once."
    )
    async def withdrawal(self, info: Info) -> Withdrawal | None:
        """How far a withdrawal has come."""
        if self.record.kind != "WITHDRAWAL":
            return None
        view = await info.context.withdrawals.load(self.record.known_id)
        return None if view is None else withdrawal(view)

    def _side(self, wallet_id: UUID | None, *, is_payer: bool) -> WalletReference | None:
        if wallet_id is None:
            return None
        charged_by = self.record.account_id if is_payer else None
        # The token that the company has is the one of when it asked.
        asked_at = self.record.accepted_at or self.record.created_at
        return WalletReference(wallet_id=wallet_id, charged_by=charged_by, charged_at=asked_at)

    def _moved(self, amount_minor: int | None, code: str | None) -> Money | None:
        if amount_minor is None or code is None:
            return None
        return money(amount_minor, code, self.currencies)


def operation(record: Record, context: Context) -> Operation:
    """An operation as those who may see it see it."""
    return Operation(
        record=record,
        currencies=context.ledger.currencies,
        id=strawberry.ID(write_id(IdKind.OPERATION, record.known_id)),
        kind=OperationKind(record.kind),
        status=OperationStatus(record.status),
        success=record.status == "SUCCEEDED",
        failure_code=record.failure_code,
        summary=record.summary,
        created_at=DateTime(record.accepted_at or record.created_at),
        rate=None if record.rate is None or record.status == "FAILED" else Amount(record.rate),
    )
