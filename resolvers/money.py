"""Owners moving their own money: input to command, outcome to payload."""

from uuid import UUID

from auth.principal import Role
from ledger.commands import Deposit, Enqueue, Transfer
from ledger.tokens import NOWHERE, WalletToken, read_token
from resolvers.submitting import submit, submit_many
from schema.context import Info
from schema.ids import IdKind, read_id_of
from schema.movements import (
    AtomicArgument,
    Conversion,
    DepositArgument,
    DepositInput,
    DepositsArgument,
    TransferArgument,
    TransferInput,
    TransfersArgument,
    WalletTarget,
)
from schema.payloads import BulkPayload, OperationPayload


async def deposit(info: Info, input: DepositArgument) -> OperationPayload:
    """A top-up of the caller's own wallet."""
    account_id = info.context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    return await submit(info.context, _deposit(input, account_id))


async def deposit_many(info: Info, inputs: DepositsArgument, atomic: AtomicArgument = False) -> BulkPayload:
    """Many top-ups at once."""
    account_id = info.context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    return await submit_many(info.context, [_deposit(asked, account_id) for asked in inputs], atomic=atomic)


async def transfer(info: Info, input: TransferArgument) -> OperationPayload:
    """Money from the caller's wallet to any other."""
    account_id = info.context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    return await submit(info.context, _transfer(input, account_id))


async def transfer_many(info: Info, inputs: TransfersArgument, atomic: AtomicArgument = False) -> BulkPayload:
    """Many transfers at once."""
    account_id = info.context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    return await submit_many(info.context, [_transfer(asked, account_id) for asked in inputs], atomic=atomic)


def _deposit(asked: DepositInput, account_id: UUID) -> Deposit | Enqueue:
    command = Deposit(
        account_id=account_id,
        wallet=read_token(asked.wallet),
        amount=asked.amount,
        currency=asked.currency,
        summary=asked.summary or "",
        idempotency_key=asked.idempotency_key,
        available_at=asked.available_at,
        converts=asked.conversion is not Conversion.FORBID,
    )
    return Enqueue(command) if asked.queued else command


def _transfer(asked: TransferInput, account_id: UUID) -> Transfer | Enqueue:
    command = Transfer(
        account_id=account_id,
        wallet=read_token(asked.from_),
        to=read_target(asked.to),
        amount=asked.amount,
        currency=asked.currency,
        summary=asked.summary or "",
        idempotency_key=asked.idempotency_key,
        converts=asked.conversion is not Conversion.FORBID,
    )
    return Enqueue(command) if asked.queued else command


def read_target(asked: WalletTarget) -> WalletToken | UUID:
    """The wallet by its token or its id, whichever was given."""
    if asked.token:
        return read_token(asked.token)
    # An id of nothing is answered like a token of nothing.
    return read_id_of(IdKind.WALLET, asked.id or "") or NOWHERE
