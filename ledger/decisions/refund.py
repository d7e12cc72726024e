"""Refunds: what a company gives back of a charge, in parts if it likes."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ledger.accounts import Wallet
from ledger.books import Books, Reservation, Share
from ledger.commands import Refund
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
from ledger.decisions.refusals import refused
from ledger.earlier import Earlier
from ledger.rejections import ErrorCode, Rejection
from ledger.splitting import apportion

REFUNDABLE = ("CHARGE", "CAPTURE")


class _Back(NamedTuple):
    """What a wallet gives back, or the payer gets, in minor units of its currency, and its share afterwards."""

    wallet: Wallet
    moved_minor: int
    share: Share


class _Backs(NamedTuple):
    """The payer's, and those of who was credited; of a capture the authorization as it is afterwards."""

    gained: _Back
    given: Sequence[_Back]
    authorization: Reservation | None = None


def decide_refund(command: Refund, books: Books) -> Decision | Rejection:
    """Money from those whom a charge credited, in proportion, back to the payer, at the charge's own rate."""
    charge = _refundable(command)
    if isinstance(charge, Rejection):
        return charge
    shares = books.shares.get(charge.id) or _whole(charge)
    left_minor = shares[0].amount_minor - shares[0].refunded_minor
    asked = _asked(command, charge, left_minor, books)
    if isinstance(asked, Rejection):
        return asked
    if asked.minor > left_minor:
        message = "All refunds together would be more than was charged."
        return _refused(
            asked, charge, shares, Rejection(ErrorCode.REFUND_EXCEEDS_CHARGE, message, ("amount",)), books
        )
    if charge.kind == "CAPTURE":
        gained, given, authorization = _of_capture(charge, shares, asked.minor, books)
    else:
        gained, given, authorization = _of_charge(shares, asked.minor, books)
    rejection = _refusal(gained, given)
    if rejection is not None:
        return _refused(asked, charge, shares, rejection, books)
    moves = (
        *(Posting(back.wallet, -back.moved_minor) for back in given),
        Posting(gained.wallet, gained.moved_minor),
    )
    return Decision(
        "REFUND",
        asked.minor,
        charge.currency,
        given[0].wallet,
        gained.wallet,
        moves if charge.rate is None else balanced(moves, books),
        debited_minor=given[0].moved_minor,
        credited_minor=gained.moved_minor,
        rate=None if charge.rate is None else inverse_rate(charge.rate),
        origin_id=charge.id,
        reservation=authorization,
        shares=(gained.share, *(back.share for back in given)),
    )


def _of_charge(shares: Sequence[Share], asked_minor: int, books: Books) -> _Backs:
    """Each wallet gives back of what it still has as much as is refunded of what is still to be refunded.

    What leaves is rounded up, what arrives is rounded down, so that the last part gives back exactly what is left.
    """
    payer, *credited = shares
    left_minor = payer.amount_minor - payer.refunded_minor
    still_minor = [share.amount_minor - share.refunded_minor for share in credited]
    parts = apportion([Fraction(asked_minor * minor, left_minor) for minor in still_minor])
    gained_minor = (payer.moved_minor - payer.returned_minor) * asked_minor // left_minor
    given = []
    for share, part_minor, minor in zip(credited, parts, still_minor, strict=True):
        has_minor = share.moved_minor - share.returned_minor
        # Nothing of nothing.
        given.append(_back(share, part_minor, -(-has_minor * part_minor // minor) if minor else 0, books))
    return _Backs(_back(payer, asked_minor, gained_minor, books), given)


def _of_capture(charge: Earlier, shares: Sequence[Share], asked_minor: int, books: Books) -> _Backs:
    """What no longer counts as captured of the authorization, whose captures are rounded together."""
    assert charge.origin_id is not None
    before = books.reservations[charge.origin_id]
    after = before.refund(asked_minor)
    gained_minor = before.debited_minor - after.debited_minor
    given_minor = before.credited_minor - after.credited_minor
    # What has moved is told by the authorization alone: by itself a capture may give back a unit more than it took.
    gained, given = (
        _Back(books.wallets[share.wallet_id], moved_minor, _refunded(share, asked_minor))
        for share, moved_minor in zip(shares, (gained_minor, given_minor), strict=True)
    )
    return _Backs(gained, [given], after)


def _back(share: Share, part_minor: int, moved_minor: int, books: Books) -> _Back:
    after = _refunded(share, part_minor)._replace(returned_minor=share.returned_minor + moved_minor)
    return _Back(books.wallets[share.wallet_id], moved_minor, after)


def _refunded(share: Share, part_minor: int) -> Share:
    return share._replace(refunded_minor=share.refunded_minor + part_minor)


def _refundable(command: Refund) -> Earlier | Rejection:
    charge = command.charge
    if charge is None or command.account_id not in charge.parties:
        return unknown_operation("operation")
    is_own = charge.account_id == command.account_id
    if not is_own or charge.kind not in REFUNDABLE or charge.status != "SUCCEEDED":
        message = "Only a successful charge or capture can be refunded, by the company that made it."
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


def _refused(
    asked: Amount, charge: Earlier, shares: Sequence[Share], rejection: Rejection, books: Books
) -> Decision:
    payer, till = (books.wallets[share.wallet_id] for share in shares[:2])
    return refused("REFUND", asked, till, payer, rejection)._replace(origin_id=charge.id)


def _refusal(gained: _Back, given: Sequence[_Back]) -> Rejection | None:
    rejection = None
    for back in given:
        if back.moved_minor:
            rejection = rejection or may_not_pay(back.wallet, "operation")
    rejection = rejection or may_not_receive(gained.wallet, "operation")
    for back in given:
        rejection = rejection or too_little(back.wallet, back.moved_minor)
    return rejection or no_room(gained.wallet, gained.moved_minor)
