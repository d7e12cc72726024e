"""The queue: accepting what is carried out later, and carrying it out."""

from collections.abc import Callable
from typing import NamedTuple

from ledger.accounts import Wallet
from ledger.books import Books
from ledger.commands import CarryOut, Charge, Deposit, Enqueue, Queueable, Transfer
from ledger.decisions.checks import not_found, payee_of, read_amount
from ledger.decisions.decision import Decision, Posting
from ledger.decisions.transfer import recipient
from ledger.rejections import ErrorCode, Rejection


class Acceptance(NamedTuple):
    """What is to be queued, in the order of the wallet `ordered_by`. `amount_minor` in minor units of `currency`."""

    kind: str
    amount_minor: int
    currency: str
    source: Wallet | None
    target: Wallet | None
    ordered_by: Wallet


def decide_acceptance(command: Enqueue, books: Books) -> Acceptance | Rejection:
    """Refused at once is only what could not even be recorded; funds and the like are looked at in its turn."""
    inner = command.command
    own = (
        books.opened(inner.wallet)
        if isinstance(inner, Charge)
        else books.owned(inner.wallet, inner.account_id)
    )
    asked = read_amount(inner.amount, inner.currency, own, books)
    if isinstance(asked, Rejection) and asked.code is not ErrorCode.WALLET_NOT_FOUND:
        return asked
    if own is None or isinstance(asked, Rejection):
        return not_found("from" if isinstance(inner, Transfer) else "wallet")
    amount = (asked.minor, asked.currency.code)
    if isinstance(inner, Deposit):
        return Acceptance("DEPOSIT", *amount, None, own, own)
    if isinstance(inner, Charge):
        payee = payee_of(inner, books)
        if isinstance(payee, Rejection):
            return payee
        for index, split in enumerate(inner.splits):
            if books.opened(split.into) is None:
                return not_found("splits", str(index), "into")
        return Acceptance("CHARGE", *amount, own, payee, own)
    receiver = recipient(inner, books)
    return not_found("to") if receiver is None else Acceptance("TRANSFER", *amount, own, receiver, own)


def decide_carrying_out(
    command: CarryOut, books: Books, decide: Callable[[Queueable, Books], Decision | Rejection]
) -> Decision | Rejection:
    """What becomes of it now, by the same rules as if it were asked for now."""
    accepted = command.accepted
    if accepted.id not in books.queued_ids:
        return Rejection(ErrorCode.NOT_EXECUTED, "It was carried out already.")
    decision = decide(command.command, books)
    if isinstance(decision, Rejection):
        # It was accepted, so it is recorded: a token was changed meanwhile, say.
        sides = [
            None if wallet_id is None else books.wallets[wallet_id]
            for wallet_id in (accepted.source_id, accepted.target_id)
        ]
        postings = tuple(Posting(wallet, 0) for wallet in {w.id: w for w in sides if w is not None}.values())
        amount = (accepted.amount_minor, accepted.currency)
        decision = Decision(accepted.kind, *amount, sides[0], sides[1], postings, decision)
    return decision._replace(origin_id=accepted.id, accepted_at=accepted.accepted_at)
