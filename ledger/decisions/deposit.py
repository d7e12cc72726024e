"""Deposits: the owner tops up, at once or from some instant on."""

from ledger.books import OPEN, OUTSIDE, Books, Reservation
from ledger.commands import Deposit
from ledger.decisions.checks import may_not_receive, no_room, not_found, read_amount
from ledger.decisions.decision import NEW, Decision, Posting
from ledger.decisions.legs import Part, balanced, work_out
from ledger.rejections import Rejection


def decide_deposit(command: Deposit, books: Books) -> Decision | Rejection:
    """Money from the outside world, in the currency asked for, into the caller's wallet."""
    wallet = books.owned(command.wallet, command.account_id)
    asked = read_amount(command.amount, command.currency, wallet, books)
    if isinstance(asked, Rejection):
        return asked
    if wallet is None:
        return not_found("wallet")
    code = asked.currency.code
    legs = work_out(asked, None, [Part(wallet, asked.minor)], books, converts=command.converts)
    if isinstance(legs, Rejection):
        rejection: Rejection | None = legs
    else:
        (credited_minor,) = legs.credited_minor
        rejection = may_not_receive(wallet, "wallet") or no_room(wallet, credited_minor)
    if isinstance(legs, Rejection) or rejection is not None:
        return Decision("DEPOSIT", asked.minor, code, None, wallet, (Posting(wallet, 0),), rejection)
    due_at = command.available_at if command.available_at and command.available_at > books.instant else None
    pending = None
    if due_at is not None:
        pending = Reservation(
            operation_id=NEW,
            kind="DEPOSIT",
            wallet_id=wallet.id,
            account_id=command.account_id,
            state=OPEN,
            asked_minor=asked.minor,
            captured_minor=0,
            refunded_minor=0,
            remaining_minor=credited_minor,
            debit_minor=credited_minor,
            credit_minor=0,
            ends_at=due_at,
        )
    world = books.system_wallet(OUTSIDE, code, -asked.minor)
    return Decision(
        "DEPOSIT",
        asked.minor,
        code,
        None,
        wallet,
        balanced((Posting(world, -asked.minor), Posting(wallet, credited_minor)), books),
        credited_minor=credited_minor,
        rate=legs.rate,
        due_at=due_at,
        reservation=pending,
    )
