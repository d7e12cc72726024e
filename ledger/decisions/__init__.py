"""What becomes of a command: pure functions of the command and the books as they stand.

Checks come in one order (amount above zero, currency known, amount within its limits, wallets known, their
currencies and rates, not the same wallet or owner, wallet status, funds, room for the balance), so that a request with
several faults is always refused for the same one. A refusal is a value. Deciding changes nothing; `post` applies a
decision to the books in memory and must then succeed.

One file a kind of operation; what they share is in checks, refusals, legs and split.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ledger.books import Books
from ledger.commands import (
    Authorize,
    Capture,
    CarryOut,
    Charge,
    Command,
    Deposit,
    Enqueue,
    Refund,
    Release,
    Transfer,
)
from ledger.decisions.authorization import decide_authorize, decide_capture, decide_release
from ledger.decisions.charge import decide_charge
from ledger.decisions.checks import usual_of
from ledger.decisions.decision import NEW, Decision, Posting, is_over, keep_reservation, post
from ledger.decisions.deposit import decide_deposit
from ledger.decisions.needs import Need, crosses_the_border, named_currency, needs
from ledger.decisions.queue import Acceptance, decide_acceptance, decide_carrying_out
from ledger.decisions.refund import decide_refund
from ledger.decisions.transfer import decide_transfer
from ledger.decisions.withdrawal import decide_cancellation, decide_settlement, decide_withdraw
from ledger.rejections import Rejection
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw

__all__ = [
    "NEW",
    "Acceptance",
    "Decision",
    "Need",
    "Posting",
    "crosses_the_border",
    "decide",
    "is_over",
    "keep_reservation",
    "named_currency",
    "needs",
    "post",
    "usual_of",
]

_DECIDE: Mapping[type[Command], Callable[[Any, Books], Decision | Rejection]] = {
    Deposit: decide_deposit,
    Charge: decide_charge,
    Transfer: decide_transfer,
    Refund: decide_refund,
    Authorize: decide_authorize,
    Capture: decide_capture,
    Release: decide_release,
    Withdraw: decide_withdraw,
    CancelWithdrawal: decide_cancellation,
    SettleWithdrawal: decide_settlement,
}


def decide(command: Command, books: Books) -> Decision | Acceptance | Rejection:
    """What becomes of the command: an operation to record, one to queue, or a refusal that names too little for that.

    The books must hold every existing wallet of `command.wallet_ids()`, and of the system's wallets what `needs` names.
    """
    if isinstance(command, Enqueue):
        return decide_acceptance(command, books)
    if isinstance(command, CarryOut):
        return decide_carrying_out(command, books, _decide_now)
    return _decide_now(command, books)


def _decide_now(command: Command, books: Books) -> Decision | Rejection:
    return _DECIDE[type(command)](command, books)
