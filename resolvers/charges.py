"""Companies charging wallets, now or later, and giving back: input to command, outcome to payload."""

from collections.abc import Sequence
from uuid import UUID

from auth.principal import Role
from ledger.commands import Authorize, Capture, Charge, Enqueue, Refund, Release, Split
from ledger.tokens import read_token
from resolvers.submitting import earlier_operation, submit, submit_many
from schema.context import Context, Info
from schema.movements import (
    AtomicArgument,
    AuthorizeArgument,
    CaptureArgument,
    ChargeArgument,
    ChargeInput,
    ChargesArgument,
    Conversion,
    RefundArgument,
    ReleaseArgument,
    SplitInput,
)
from schema.payloads import BulkPayload, OperationPayload


async def charge(info: Info, input: ChargeArgument) -> OperationPayload:
    """Money from the wallet with that token, into the company's own and those it is split with."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    usual_wallet_id = await _usual_wallet(context, company_id, [input.into])
    return await submit(context, _charge(input, company_id, usual_wallet_id))


async def charge_many(info: Info, inputs: ChargesArgument, atomic: AtomicArgument = False) -> BulkPayload:
    """Many charges at once."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    usual_wallet_id = await _usual_wallet(context, company_id, [asked.into for asked in inputs])
    commands = [_charge(asked, company_id, usual_wallet_id) for asked in inputs]
    return await submit_many(context, commands, atomic=atomic)


async def refund(info: Info, input: RefundArgument) -> OperationPayload:
    """All or a part of a charge, back to who paid it."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    charge_id, charge = await earlier_operation(context, input.operation, company_id)
    return await submit(
        context,
        Refund(
            account_id=company_id,
            charge_id=charge_id,
            amount=input.amount,
            summary=input.summary or "",
            charge=charge,
            idempotency_key=input.idempotency_key,
        ),
    )


async def authorize(info: Info, input: AuthorizeArgument) -> OperationPayload:
    """Money set aside for a later capture."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    return await submit(
        context,
        Authorize(
            account_id=company_id,
            wallet=read_token(input.wallet),
            amount=input.amount,
            currency=input.currency,
            summary=input.summary,
            into=None if input.into is None else read_token(input.into),
            usual_wallet_id=await _usual_wallet(context, company_id, [input.into]),
            expires_at=input.expires_at,
            idempotency_key=input.idempotency_key,
            converts=input.conversion is not Conversion.FORBID,
        ),
    )


async def capture(info: Info, input: CaptureArgument) -> OperationPayload:
    """All or a part of what was authorized."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    authorization_id, authorization = await earlier_operation(context, input.authorization, company_id)
    return await submit(
        context,
        Capture(
            account_id=company_id,
            authorization_id=authorization_id,
            amount=input.amount,
            summary=input.summary or "",
            authorization=authorization,
            is_final=input.final is not False,
            idempotency_key=input.idempotency_key,
        ),
    )


async def release(info: Info, input: ReleaseArgument) -> OperationPayload:
    """The end of an authorization."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    authorization_id, authorization = await earlier_operation(context, input.authorization, company_id)
    return await submit(
        context, Release(company_id, authorization_id, authorization, idempotency_key=input.idempotency_key)
    )


def _charge(asked: ChargeInput, company_id: UUID, usual_wallet_id: UUID | None) -> Charge | Enqueue:
    command = Charge(
        account_id=company_id,
        wallet=read_token(asked.wallet),
        amount=asked.amount,
        currency=asked.currency,
        summary=asked.summary,
        into=None if asked.into is None else read_token(asked.into),
        usual_wallet_id=usual_wallet_id if asked.into is None else None,
        idempotency_key=asked.idempotency_key,
        splits=tuple([_split(split) for split in asked.splits or ()]),
        converts=asked.conversion is not Conversion.FORBID,
    )
    return Enqueue(command) if asked.queued else command


def _split(asked: SplitInput) -> Split:
    return Split(read_token(asked.into), asked.amount, asked.percentage)


async def _usual_wallet(context: Context, company_id: UUID, named: Sequence[str | None]) -> UUID | None:
    return await context.ledger.usual_wallet(company_id) if None in named else None
