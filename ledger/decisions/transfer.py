"""Transfers: the owner sends money to any wallet."""

from ledger.accounts import Wallet
from ledger.books import Books
from ledger.commands import Transfer
from ledger.decisions.checks import (
    may_not_pay,
    may_not_receive,
    no_room,
    not_found,
    read_amount,
    too_little,
)
from ledger.decisions.decision import Decision, Posting
from ledger.decisions.legs import Legs, Part, balanced, work_out
from ledger.decisions.refusals import refused
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken


def decide_transfer(command: Transfer, books: Books) -> Decision | Rejection:
    """Money from the caller's wallet into the one named by its token or its public id."""
    sender = books.owned(command.wallet, command.account_id)
    asked = read_amount(command.amount, command.currency, sender, books)
    if isinstance(asked, Rejection):
        # The contract's name for the wallet here is another one.
        return not_found("from") if asked.code is ErrorCode.WALLET_NOT_FOUND else asked
    if sender is None:
        return not_found("from")
    receiver = recipient(command, books)
    if receiver is None:
        return not_found("to")
    legs = work_out(asked, sender, [Part(receiver, asked.minor)], books, converts=command.converts)
    rejection = legs if isinstance(legs, Rejection) else _refusal(sender, receiver, legs)
    if isinstance(legs, Rejection) or rejection is not None:
        return refused("TRANSFER", asked, sender, receiver, rejection)
    (credited_minor,) = legs.credited_minor
    moves = (Posting(sender, -legs.debited_minor), Posting(receiver, credited_minor))
    return Decision(
        "TRANSFER",
        asked.minor,
        asked.currency.code,
        sender,
        receiver,
        moves if legs.rate is None else balanced(moves, books),
        debited_minor=legs.debited_minor,
        credited_minor=credited_minor,
        rate=legs.rate,
    )


def recipient(command: Transfer, books: Books) -> Wallet | None:
    """The wallet that the money is for, whoever owns it."""
    if isinstance(command.to, WalletToken):
        return books.opened(command.to)
    wallet = books.wallets.get(command.to)
    return None if wallet is None or wallet.owner_id is None else wallet


def _refusal(sender: Wallet, receiver: Wallet, legs: Legs) -> Rejection | None:
    if sender is receiver:
        return Rejection(ErrorCode.SAME_WALLET, "The money is in that wallet already.", ("to",))
    return (
        may_not_pay(sender, "from")
        or may_not_receive(receiver, "to")
        or too_little(sender, legs.debited_minor)
        or no_room(receiver, legs.credited_minor[0])
    )
