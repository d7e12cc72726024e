"""Owners sending money to a bank account: input to command, outcome to payload."""

from auth.principal import Role
from ledger.tokens import read_token
from ledger.withdrawal_commands import CancelWithdrawal, Withdraw
from resolvers.submitting import earlier_operation, submit
from schema.context import Info
from schema.movements import CancelWithdrawalArgument, WithdrawArgument
from schema.operation_pages import BY_ID, OperationConnection, operation_page
from schema.paging import After, Before, First, Last, read_page, span_of
from schema.payloads import OperationPayload
from schema.withdrawals import WithdrawalStatesArgument


async def withdraw(info: Info, input: WithdrawArgument) -> OperationPayload:
    """Money held for the bank, to be paid out by a worker."""
    context = info.context
    return await submit(
        context,
        Withdraw(
            account_id=context.signed_in(Role.CLIENT, Role.COMPANY).account_id,
            wallet=read_token(input.wallet),
            amount=input.amount,
            currency=input.currency,
            destination=input.destination,
            summary=input.summary or "",
            idempotency_key=input.idempotency_key,
        ),
    )


async def cancel_withdrawal(info: Info, input: CancelWithdrawalArgument) -> OperationPayload:
    """The end of a withdrawal that the bank was not asked for."""
    context = info.context
    account_id = context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    withdrawal_id, withdrawal = await earlier_operation(context, input.withdrawal, account_id)
    return await submit(
        context,
        CancelWithdrawal(account_id, withdrawal_id, withdrawal, idempotency_key=input.idempotency_key),
    )


async def list_withdrawals(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    states: WithdrawalStatesArgument = None,
) -> OperationConnection:
    """The withdrawals that the account asked for; everyone's for an administrator."""
    context = info.context
    principal = context.signed_in()
    page = read_page(first, after, last, before)
    records = await context.ledger.reads.withdrawn(
        span_of(page, BY_ID, newest_first=True),
        account_id=None if principal.role is Role.ADMIN else principal.account_id,
        states=states,
    )
    return operation_page(records, page, context)
