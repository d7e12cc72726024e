"""Authorizations: money set aside for a company, then captured or released."""

from datetime import timedelta

from ledger.accounts import Wallet
from ledger.books import OPEN, RELEASED, Books, Reservation
from ledger.commands import Authorize, Capture, Release
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
from ledger.decisions.refusals import refused, without_payee
from ledger.earlier import Earlier
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
        operation_id=NEW,
        kind="AUTHORIZATION",
        wallet_id=payer.id,
        account_id=command.account_id,
        state=OPEN,
        asked_minor=asked.minor,
        captured_minor=0,
        refunded_minor=0,
        remaining_minor=legs.debited_minor,
        debit_minor=legs.debited_minor,
        credit_minor=credit_minor,
        ends_at=ends_at,
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
    """Takes what is set aside, or a part of it, at the authorization's own rate."""
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
    after = held.capture(asked.minor, is_last=command.is_final or asked.minor == left_minor)
    debited_minor = after.debited_minor - held.debited_minor
    credited_minor = after.credited_minor - held.credited_minor
    rejection_ = (
        may_not_pay(payer, "authorization")
        or may_not_receive(payee, "authorization")
        or no_room(payee, credited_minor)
    )
    if rejection_ is not None:
        return _refused("CAPTURE", asked, earlier, books, rejection_)
    moves = (Posting(payer, -debited_minor), Posting(payee, credited_minor))
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
        reservation=after,
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
