"""Charges: a company takes money from a wallet whose token it knows."""

from collections.abc import Sequence

from ledger.accounts import Wallet
from ledger.books import Books, Share
from ledger.commands import Charge
from ledger.decisions.checks import (
    Amount,
    may_not_pay,
    may_not_receive,
    no_room,
    not_found,
    payee_of,
    read_amount,
    same_owner,
    too_little,
)
from ledger.decisions.decision import NEW, Decision, Posting
from ledger.decisions.legs import Legs, Part, balanced, work_out
from ledger.decisions.refusals import refused, without_payee
from ledger.decisions.split import share_out
from ledger.rejections import ErrorCode, Rejection


def decide_charge(command: Charge, books: Books) -> Decision | Rejection:
    """Money from the payer into the company's wallet, and into those that the charge is split with."""
    payer = books.opened(command.wallet)
    asked = read_amount(command.amount, command.currency, payer, books)
    if isinstance(asked, Rejection):
        return asked
    if payer is None:
        return not_found("wallet")
    payee = payee_of(command, books)
    if isinstance(payee, Rejection):
        return without_payee("CHARGE", asked, payer, payee)
    if not command.splits and payer.currency == payee.currency == asked.currency.code:
        return _decide_plainly(asked, payer, payee)
    parts = share_out(asked, payee, command.splits, books)
    if isinstance(parts, Rejection):
        return parts
    legs = work_out(asked, payer, parts, books, converts=command.converts)
    rejection = legs if isinstance(legs, Rejection) else _refusal(payer, parts, legs)
    if isinstance(legs, Rejection) or rejection is not None:
        return refused("CHARGE", asked, payer, payee, rejection)
    got = zip(parts, legs.credited_minor, strict=True)
    moves = (Posting(payer, -legs.debited_minor), *(Posting(part.wallet, credited) for part, credited in got))
    return Decision(
        "CHARGE",
        asked.minor,
        asked.currency.code,
        payer,
        payee,
        moves if legs.rate is None else balanced(moves, books),
        debited_minor=legs.debited_minor,
        credited_minor=legs.credited_minor[0],
        rate=legs.rate,
        shares=_shares(asked, payer, parts, legs) if len(parts) > 1 else (),
    )


def _decide_plainly(asked: Amount, payer: Wallet, payee: Wallet) -> Decision:
    """The same where nothing is converted nor split: most requests of all are such charges."""
    amount_minor, currency = asked
    rejection = (
        same_owner(payer, payee)
        or may_not_pay(payer, "wallet")
        or may_not_receive(payee, "into")
        or too_little(payer, amount_minor)
        or no_room(payee, amount_minor)
    )
    if rejection is not None:
        return refused("CHARGE", asked, payer, payee, rejection)
    moves = (Posting(payer, -amount_minor), Posting(payee, amount_minor))
    return Decision(
        "CHARGE", amount_minor, currency.code, payer, payee, moves, None, amount_minor, amount_minor
    )


def _refusal(payer: Wallet, parts: Sequence[Part], legs: Legs) -> Rejection | None:
    own, *split = parts
    rejection = same_owner(payer, own.wallet) or _paid_to_itself(payer, split)
    rejection = rejection or may_not_pay(payer, "wallet") or may_not_receive(own.wallet, "into")
    for index, part in enumerate(split):
        rejection = rejection or may_not_receive(part.wallet, "splits", str(index), "into")
    rejection = rejection or too_little(payer, legs.debited_minor)
    for part, credited_minor in zip(parts, legs.credited_minor, strict=True):
        rejection = rejection or no_room(part.wallet, credited_minor)
    return rejection


def _paid_to_itself(payer: Wallet, split: Sequence[Part]) -> Rejection | None:
    for index, part in enumerate(split):
        if part.wallet is payer:
            message = "A part of a charge can't go to the wallet that pays it."
            return Rejection(ErrorCode.SAME_WALLET, message, ("splits", str(index), "into"))
    return None


def _shares(asked: Amount, payer: Wallet, parts: Sequence[Part], legs: Legs) -> tuple[Share, ...]:
    got = zip(parts, legs.credited_minor, strict=True)
    return (
        Share(NEW, 0, payer.id, asked.minor, legs.debited_minor),
        *(
            Share(NEW, number, part.wallet.id, part.amount_minor, credited_minor)
            for number, (part, credited_minor) in enumerate(got, 1)
        ),
    )
