"""Authorizations: money set aside for a company, then captured or released."""

from datetime import timedelta

from ledger.accounts import Wallet
from ledger.books import CAPTURED, OPEN, RELEASED, Books, Reservation
from ledger.commands import Authorize, Capture, Earlier, Release
from ledger.decisions.charge import refused, without_payee
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
    unknown_operation,
)
from ledger.decisions.decision import NEW, Decision, Posting
from ledger.decisions.legs import Legs, Part, balanced, work_out
from ledger.rejections import ErrorCode, Rejection

USUAL_TERM = timedelta(days=7)
TERM_MAX = timedelta(days=366)


def decide_authorize(command: Authorize, books: Books) -> Decision | Rejection:
    """Sets the amount aside in the payer's wallet, at the rate of now where it is converted."""
    payer = books.opened(command.wallet)
    asked = read_amount(command.amount, command.currency, payer, books)
    if isinstance(asked, Rejection):
        return asked
    ends_at = command.expires_at or books.instant + USUAL_TERM
    if not books.instant < ends_at <= books.instant + TERM_MAX:
        message = f"An authorization expires in the future, and within {TERM_MAX.days} days."
        return Rejection(ErrorCode.INVALID, message, ("expiresAt",))
    if payer is None:
        return not_found("wallet")
    payee = payee_of(command, books)
    if isinstance(payee, Rejection):
        return without_payee("AUTHORIZATION", asked, payer, payee)
    legs = work_out(asked, payer, [Part(payee, asked.minor)], books, converts=command.converts)
    rejection = legs if isinstance(legs, Rejection) else _refusal(payer, payee, legs)
    if isinstance(legs, Rejection) or rejection is not None:
        return refused("AUTHORIZATION", asked, payer, payee, rejection)
    (credit_minor,) = legs.credited_minor
    held = Reservation(
        NEW,
        "AUTHORIZATION",
        payer.id,
        command.account_id,
        OPEN,
        asked.minor,
        0,
        legs.debited_minor,
        credit_minor,
        ends_at,
    )
    return Decision(
        "AUTHORIZATION",
        asked.minor,
        asked.currency.code,
        payer,
        payee,
        (Posting(payer, 0), Posting(payee, 0)),
        rate=legs.rate,
        due_at=ends_at,
        reservation=held,
    )


def decide_capture(command: Capture, books: Books) -> Decision | Rejection:
    """Takes what is set aside, or a part of it, at the authorization's own rate.

    Of several captures each takes of what remains as much as it captures of what is still to be captured: what leaves
    is rounded up, what arrives is rounded down, and the last one takes exactly what is left.
    """
    earlier = _own(command)
    if isinstance(earlier, Rejection):
        return earlier
    held = books.reservations.get(earlier.id)
    asked = _captured(command, earlier, held, books)
    if isinstance(asked, Rejection):
        return asked
    payer, payee = _sides(earlier, books)
    if held is None or held.state != OPEN:
        return _refused("CAPTURE", asked, earlier, books, _closed())
    left_minor = held.asked_minor - held.captured_minor
    if asked.minor > left_minor:
        message = "The authorization holds less than that."
        rejection = Rejection(ErrorCode.AUTHORIZATION_EXCEEDED, message, ("amount",))
        return _refused("CAPTURE", asked, earlier, books, rejection)
    debited_minor = -(-held.remaining_minor * asked.minor // left_minor)
    credited_minor = held.credit_minor * asked.minor // left_minor
    rejection_ = (
        may_not_pay(payer, "authorization")
        or may_not_receive(payee, "authorization")
        or no_room(payee, credited_minor)
    )
    if rejection_ is not None:
        return _refused("CAPTURE", asked, earlier, books, rejection_)
    moves = (Posting(payer, -debited_minor), Posting(payee, credited_minor))
    is_last = command.is_final or asked.minor == left_minor
    return Decision(
        "CAPTURE",
        asked.minor,
        earlier.currency,
        payer,
        payee,
        moves if earlier.rate is None else balanced(moves, books),
        debited_minor=debited_minor,
        credited_minor=credited_minor,
        rate=earlier.rate,
        origin_id=earlier.id,
        reservation=held._replace(
            state=CAPTURED if is_last else OPEN,
            captured_minor=held.captured_minor + asked.minor,
            remaining_minor=0 if is_last else held.remaining_minor - debited_minor,
            credit_minor=held.credit_minor - credited_minor,
        ),
    )


def decide_release(command: Release, books: Books) -> Decision | Rejection:
    """Gives back all that is still set aside."""
    earlier = _own(command)
    if isinstance(earlier, Rejection):
        return earlier
    held = books.reservations.get(earlier.id)
    if held is None or held.state != OPEN:
        return _closed()
    payer, payee = _sides(earlier, books)
    return Decision(
        "RELEASE",
        held.asked_minor - held.captured_minor,
        earlier.currency,
        payer,
        payee,
        (Posting(payer, 0), Posting(payee, 0)),
        origin_id=earlier.id,
        reservation=held._replace(state=RELEASED, remaining_minor=0),
    )


def _refusal(payer: Wallet, payee: Wallet, legs: Legs) -> Rejection | None:
    return (
        same_owner(payer, payee)
        or may_not_pay(payer, "wallet")
        or may_not_receive(payee, "into")
        or too_little(payer, legs.debited_minor)
    )


def _own(command: Capture | Release) -> Earlier | Rejection:
    earlier = command.authorization
    if earlier is None or earlier.kind != "AUTHORIZATION" or earlier.account_id != command.account_id:
        return unknown_operation("authorization")
    if earlier.status != "SUCCEEDED":
        return _closed()
    return earlier


def _captured(
    command: Capture, earlier: Earlier, held: Reservation | None, books: Books
) -> Amount | Rejection:
    if command.amount is not None:
        return read_amount(command.amount, earlier.currency, None, books)
    if held is None or held.state != OPEN:
        return _closed()
    return Amount(held.asked_minor - held.captured_minor, books.currencies[earlier.currency])


def _sides(earlier: Earlier, books: Books) -> tuple[Wallet, Wallet]:
    assert earlier.source_id is not None
    assert earlier.target_id is not None
    return books.wallets[earlier.source_id], books.wallets[earlier.target_id]


def _refused(kind: str, asked: Amount, earlier: Earlier, books: Books, rejection: Rejection) -> Decision:
    payer, payee = _sides(earlier, books)
    return refused(kind, asked, payer, payee, rejection)._replace(origin_id=earlier.id)


def _closed() -> Rejection:
    message = "The authorization was captured, released or expired already."
    return Rejection(ErrorCode.AUTHORIZATION_CLOSED, message, ("authorization",))
