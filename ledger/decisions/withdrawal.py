"""Withdrawals: money held for the bank, then paid out or given back."""

from ledger.accounts import Wallet
from ledger.books import CAPTURED, OPEN, OUTSIDE, RELEASED, Books, Reservation, Withdrawal
from ledger.conversion import rate_text
from ledger.decisions.checks import (
    Amount,
    may_not_pay,
    not_found,
    read_amount,
    too_little,
    unknown_operation,
)
from ledger.decisions.decision import NEW, Decision, Posting
from ledger.decisions.legs import balanced, leaves
from ledger.earlier import Earlier
from ledger.rejections import ErrorCode, Rejection
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw

PENDING = "PENDING"


def decide_withdraw(command: Withdraw, books: Books) -> Decision | Rejection:
    """Sets the amount aside in the caller's wallet, at the rate of now where it is converted."""
    wallet = books.owned(command.wallet, command.account_id)
    asked = read_amount(command.amount, command.currency, wallet, books)
    if isinstance(asked, Rejection):
        return asked
    if wallet is None:
        return not_found("wallet")
    code = asked.currency.code
    debited = asked if wallet.currency == code else leaves(asked, books.currencies[wallet.currency])
    rejection = debited if isinstance(debited, Rejection) else _refusal(wallet, debited)
    if isinstance(debited, Rejection) or rejection is not None:
        return Decision("WITHDRAWAL", asked.minor, code, wallet, None, (Posting(wallet, 0),), rejection)
    return Decision(
        "WITHDRAWAL",
        asked.minor,
        code,
        wallet,
        None,
        (Posting(wallet, 0),),
        rate=None if wallet.currency == code else rate_text(debited.currency, asked.currency),
        reservation=Reservation(
            operation_id=NEW,
            kind="WITHDRAWAL",
            wallet_id=wallet.id,
            account_id=command.account_id,
            state=OPEN,
            asked_minor=asked.minor,
            captured_minor=0,
            refunded_minor=0,
            remaining_minor=debited.minor,
            debit_minor=debited.minor,
            credit_minor=0,
            ends_at=None,
        ),
        withdrawal=Withdrawal(
            NEW, wallet.id, command.account_id, command.destination, PENDING, 0, books.instant
        ),
        is_pending=True,
    )


def decide_cancellation(command: CancelWithdrawal, books: Books) -> Decision | Rejection:
    """Gives back what is held, unless a worker has taken it to the bank."""
    earlier = command.withdrawal
    if earlier is None or earlier.kind != "WITHDRAWAL" or earlier.account_id != command.account_id:
        return unknown_operation("withdrawal")
    withdrawal = books.withdrawals.get(earlier.id)
    if withdrawal is None or withdrawal.state != PENDING:
        message = "The withdrawal is past the point where it could be called back."
        return Rejection(ErrorCode.NOT_CANCELLABLE, message, ("withdrawal",))
    return _given_back(earlier, withdrawal, "CANCELLED", ErrorCode.CANCELLED, books)


def decide_settlement(command: SettleWithdrawal, books: Books) -> Decision | Rejection:
    """Posts what the bank said, once."""
    earlier = command.withdrawal
    withdrawal = books.withdrawals[earlier.id]
    if withdrawal.due_at is None:
        # Two workers had the same answer.
        return Rejection(ErrorCode.NOT_EXECUTED, "The withdrawal has ended already.")
    if not command.is_paid:
        if command.attempts not in (None, withdrawal.attempts):
            return Rejection(ErrorCode.NOT_EXECUTED, "The bank has been asked to pay once more since.")
        return _given_back(earlier, withdrawal, "FAILED", ErrorCode.BANK_REFUSED, books)
    wallet, held = books.wallets[withdrawal.wallet_id], books.reservations[earlier.id]
    world = books.system_wallet(OUTSIDE, earlier.currency, earlier.amount_minor)
    moves = (Posting(wallet, -held.debit_minor), Posting(world, earlier.amount_minor))
    ended = held._replace(state=CAPTURED, captured_minor=held.asked_minor, remaining_minor=0)
    return _ended(earlier, withdrawal, "SUCCEEDED", ended, wallet)._replace(
        postings=moves if earlier.rate is None else balanced(moves, books),
        debited_minor=held.debit_minor,
        rate=earlier.rate,
    )


def _refusal(wallet: Wallet, debited: Amount) -> Rejection | None:
    return may_not_pay(wallet, "wallet") or too_little(wallet, debited.minor)


def _given_back(
    earlier: Earlier, withdrawal: Withdrawal, state: str, failure: ErrorCode, books: Books
) -> Decision:
    wallet, held = books.wallets[withdrawal.wallet_id], books.reservations[earlier.id]
    ended = held._replace(state=RELEASED, remaining_minor=0)
    return _ended(earlier, withdrawal, state, ended, wallet)._replace(failure=failure)


def _ended(
    earlier: Earlier, withdrawal: Withdrawal, state: str, ended: Reservation, wallet: Wallet
) -> Decision:
    """The second entry of a withdrawal's, of its own time: the first one was when it was accepted."""
    return Decision(
        "WITHDRAWAL",
        earlier.amount_minor,
        earlier.currency,
        wallet,
        None,
        (Posting(wallet, 0),),
        origin_id=earlier.id,
        reservation=ended,
        withdrawal=withdrawal._replace(state=state, due_at=None),
        accepted_at=earlier.created_at,
    )
