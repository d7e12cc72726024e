"""Moving money: input to command, outcome to payload."""

from auth.principal import Role
from ledger.commands import IDEMPOTENCY_KEY_CHARACTERS_MAX, SUMMARY_CHARACTERS_MAX, Charge, Command, Deposit
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import read_token
from schema.context import Context, Info
from schema.errors import user_errors
from schema.inputs import ChargeArgument, DepositArgument
from schema.operations import operation
from schema.payloads import OperationPayload
from schema.wallets import wallet


async def deposit(info: Info, input: DepositArgument) -> OperationPayload:
    """A top-up of the caller's own wallet."""
    context = info.context
    principal = context.signed_in(Role.CLIENT, Role.COMPANY)
    return await _submit(
        context,
        Deposit(
            account_id=principal.account_id,
            wallet=read_token(input.wallet),
            amount=input.amount,
            currency=input.currency,
            summary=input.summary or "",
            idempotency_key=input.idempotency_key,
        ),
    )


async def charge(info: Info, input: ChargeArgument) -> OperationPayload:
    """Money from the wallet with that token, into the company's own."""
    context = info.context
    company_id = context.signed_in(Role.COMPANY).account_id
    return await _submit(
        context,
        Charge(
            account_id=company_id,
            wallet=read_token(input.wallet),
            amount=input.amount,
            currency=input.currency,
            summary=input.summary,
            into=None if input.into is None else read_token(input.into),
            usual_wallet_id=await context.ledger.usual_wallet(company_id) if input.into is None else None,
            idempotency_key=input.idempotency_key,
        ),
    )


async def _submit(context: Context, command: Command) -> OperationPayload:
    if problems := _text_problems(command):
        return OperationPayload(
            operation=None, wallet=None, replayed=False, user_errors=user_errors(problems)
        )
    outcome = await context.ledger.submit(command)
    return OperationPayload(
        operation=None if outcome.operation is None else operation(outcome.operation, context),
        wallet=None if outcome.wallet is None else wallet(outcome.wallet, context),
        replayed=outcome.replayed,
        user_errors=[] if outcome.rejection is None else user_errors([outcome.rejection]),
    )


def _text_problems(command: Command) -> list[Rejection]:
    problems = []
    if len(command.summary) > SUMMARY_CHARACTERS_MAX:
        message = f"A summary has at most {SUMMARY_CHARACTERS_MAX} characters."
        problems.append(Rejection(ErrorCode.TOO_LONG, message, ("summary",)))
    key = command.idempotency_key
    if key == "":
        problems.append(
            Rejection(ErrorCode.BLANK, "An idempotency key has at least one character.", ("idempotencyKey",))
        )
    if key is not None and len(key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
        message = f"An idempotency key has at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters."
        problems.append(Rejection(ErrorCode.TOO_LONG, message, ("idempotencyKey",)))
    return problems
