"""The queue: accepting what is carried out later, and carrying it out."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from ledger.accounts import Wallet
from ledger.books import Books
from ledger.commands import CarryOut, Charge, Deposit, Enqueue, Queueable, Transfer
from ledger.decisions.checks import not_found, payee_of, read_amount
from ledger.decisions.decision import Decision, Posting
from ledger.decisions.refusals import without_payee
from ledger.decisions.transfer import recipient
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken


class Acceptance(NamedTuple):
    """What is to be queued, in the order of the wallet `ordered_by`. `amount_minor` in minor units of `currency`."""

    kind: str
    amount_minor: int
    currency: str
    source: Wallet | None
    target: Wallet | None
    ordered_by: Wallet


def decide_acceptance(command: Enqueue, books: Books) -> Acceptance | Decision | Rejection:
    """Refused at once is only what names too little to be carried out; funds and the like are looked at in its turn."""
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
            return without_payee("CHARGE", asked, own, payee)
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
    decision = decide(as_accepted(command, books), books)
    if isinstance(decision, Rejection):
        # It was accepted, so it is recorded: the payer's token was changed meanwhile, say.
        source, target = _wallet(accepted.source_id, books), _wallet(accepted.target_id, books)
        sides = {wallet.id: wallet for wallet in (source, target) if wallet is not None}
        postings = tuple(Posting(wallet, 0) for wallet in sides.values())
        amount = (accepted.amount_minor, accepted.currency)
        decision = Decision(accepted.kind, *amount, source, target, postings, decision)
    return decision._replace(origin_id=accepted.id, accepted_at=accepted.accepted_at)


def as_accepted(command: CarryOut, books: Books) -> Queueable:
    """The command with the wallets for which it was accepted, whatever tokens they have by now.

    Only who is charged has to be opened still by the token that was given: another token is how an owner ends that.
    """
    accepted, inner = command.accepted, command.command
    source, target = _wallet(accepted.source_id, books), _wallet(accepted.target_id, books)
    if isinstance(inner, Deposit):
        return replace(inner, wallet=_token(inner.wallet, target))
    if isinstance(inner, Transfer):
        to = inner.to if target is None else target.id
        return replace(inner, wallet=_token(inner.wallet, source), to=to)
    splits = [
        split._replace(into=_token(split.into, books.wallets.get(split.into.wallet_id)))
        for split in inner.splits
    ]
    into = inner.into if target is None else _token(inner.into, target)
    return replace(inner, into=into, splits=tuple(splits))


def _wallet(wallet_id: UUID | None, books: Books) -> Wallet | None:
    return None if wallet_id is None else books.wallets[wallet_id]


def _token(given: WalletToken | None, wallet: Wallet | None) -> WalletToken:
    """The wallet's token of now; the one that was given where there is no such wallet."""
    if wallet is None or wallet.token_secret is None:
        assert given is not None
        return given
    return WalletToken(wallet.id, wallet.token_secret)
