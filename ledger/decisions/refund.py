"""Refunds: what a company gives back of a charge, in parts if it likes."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ledger.accounts import Wallet
from ledger.books import Books, Share
from ledger.commands import Earlier, Refund
from ledger.conversion import inverse_rate
from ledger.decisions.checks import (
    Amount,
    may_not_pay,
    may_not_receive,
    no_room,
    read_amount,
    too_little,
    unknown_operation,
)
from ledger.decisions.decision import Decision, Posting
from ledger.decisions.legs import balanced
from ledger.rejections import ErrorCode, Rejection
from ledger.splitting import apportion

REFUNDABLE = ("CHARGE", "CAPTURE")


class _Back(NamedTuple):
    """What a wallet gives back, or the payer gets: in minor units of the charge's currency, and of the wallet's."""

    wallet: Wallet
    share: Share
    amount_minor: int
    moved_minor: int

    def afterwards(self) -> Share:
        return self.share._replace(
            refunded_minor=self.share.refunded_minor + self.amount_minor,
            returned_minor=self.share.returned_minor + self.moved_minor,
        )


def decide_refund(command: Refund, books: Books) -> Decision | Rejection:
    """Money from those whom a charge credited, in proportion, back to the payer, at the charge's own rate.

    Each wallet gives back of what it still has of the charge as much as is refunded of what is still to be refunded:
    what leaves is rounded up, what arrives is rounded down. So the last part gives back exactly what is left.
    """
    charge = _refundable(command)
    if isinstance(charge, Rejection):
        return charge
    payer_share, *credited = books.shares.get(charge.id) or _whole(charge)
    left_minor = payer_share.amount_minor - payer_share.refunded_minor
    asked = _asked(command, charge, left_minor, books)
    if isinstance(asked, Rejection):
        return asked
    payer, till = books.wallets[payer_share.wallet_id], books.wallets[credited[0].wallet_id]
    rejection = None
    if asked.minor > left_minor:
        message = "All refunds together would be more than was charged."
        rejection = Rejection(ErrorCode.REFUND_EXCEEDS_CHARGE, message, ("amount",))
    else:
        gained = _gets_back(payer_share, asked.minor, left_minor, payer)
        given = _give_back(credited, asked.minor, left_minor, books)
        rejection = _refusal(gained, given)
    if rejection is not None:
        postings = (Posting(till, 0), Posting(payer, 0))
        return Decision(
            "REFUND", asked.minor, charge.currency, till, payer, postings, rejection, origin_id=charge.id
        )
    moves = (
        *(Posting(back.wallet, -back.moved_minor) for back in given),
        Posting(payer, gained.moved_minor),
    )
    return Decision(
        "REFUND",
        asked.minor,
        charge.currency,
        till,
        payer,
        moves if charge.rate is None else balanced(moves, books),
        debited_minor=given[0].moved_minor,
        credited_minor=gained.moved_minor,
        rate=None if charge.rate is None else inverse_rate(charge.rate),
        origin_id=charge.id,
        shares=(gained.afterwards(), *(back.afterwards() for back in given)),
    )


def _refundable(command: Refund) -> Earlier | Rejection:
    charge = command.charge
    if charge is None or command.account_id not in charge.parties:
        return unknown_operation("operation")
    is_own = charge.account_id == command.account_id
    if not is_own or charge.kind not in REFUNDABLE or charge.status != "SUCCEEDED":
        message = "Only a successful charge can be refunded, by the company that made it."
        return Rejection(ErrorCode.NOT_REFUNDABLE, message, ("operation",))
    return charge


def _whole(charge: Earlier) -> tuple[Share, Share]:
    assert charge.source_id is not None
    assert charge.target_id is not None
    assert charge.debited_minor is not None
    assert charge.credited_minor is not None
    return (
        Share(charge.id, 0, charge.source_id, charge.amount_minor, charge.debited_minor),
        Share(charge.id, 1, charge.target_id, charge.amount_minor, charge.credited_minor),
    )


def _asked(command: Refund, charge: Earlier, left_minor: int, books: Books) -> Amount | Rejection:
    if command.amount is not None:
        return read_amount(command.amount, charge.currency, None, books)
    if left_minor == 0:
        message = "All of the charge was given back already."
        return Rejection(ErrorCode.REFUND_EXCEEDS_CHARGE, message, ("operation",))
    return Amount(left_minor, books.currencies[charge.currency])


def _gets_back(share: Share, asked_minor: int, left_minor: int, wallet: Wallet) -> _Back:
    moved_minor = (share.moved_minor - share.returned_minor) * asked_minor // left_minor
    return _Back(wallet, share, asked_minor, moved_minor)


def _give_back(shares: Sequence[Share], asked_minor: int, left_minor: int, books: Books) -> list[_Back]:
    still_minor = [share.amount_minor - share.refunded_minor for share in shares]
    parts = apportion([Fraction(asked_minor * minor, left_minor) for minor in still_minor])
    backs = []
    for share, part_minor, minor in zip(shares, parts, still_minor, strict=True):
        has_minor = share.moved_minor - share.returned_minor
        # Rounded up; nothing of nothing.
        moved_minor = -(-has_minor * part_minor // minor) if minor else 0
        backs.append(_Back(books.wallets[share.wallet_id], share, part_minor, moved_minor))
    return backs


def _refusal(gained: _Back, given: Sequence[_Back]) -> Rejection | None:
    rejection = None
    for back in given:
        if back.moved_minor:
            rejection = rejection or may_not_pay(back.wallet, "operation")
    rejection = rejection or may_not_receive(gained.wallet, "operation")
    for back in given:
        rejection = rejection or too_little(back.wallet, back.moved_minor)
    return rejection or no_room(gained.wallet, gained.moved_minor)
