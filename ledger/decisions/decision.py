"""A decision, and its effect on the books in memory."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.accounts import Wallet
from ledger.books import OPEN, Books, Reservation, Share, Withdrawal
from ledger.rejections import ErrorCode, Rejection


class Posting(NamedTuple):
    """A wallet and what is added to its balance, in minor units of its currency."""

    wallet: Wallet
    amount_minor: int


class Decision(NamedTuple):
    """An operation that is to be recorded.

    Without `rejection` it moves money: `postings` sum to zero in each currency; `reservation`, `shares` and
    `withdrawal` are how those stand afterwards. With it nothing moves, and the postings are of zero, one for each
    wallet whose history tells of the refusal. An operation that makes a reservation, shares or a withdrawal gives them
    its own id when it is recorded: here they carry NEW in its place.

    `is_pending`: what comes of it is not known yet. `failure`: that is known now, and it came to nothing, although
    what was asked of the ledger was done. `accepted_at`: when it was accepted, as the operation `origin_id`.
    """

    kind: str
    amount_minor: int
    currency: str
    source: Wallet | None
    target: Wallet | None
    postings: tuple[Posting, ...]
    rejection: Rejection | None = None
    debited_minor: int | None = None
    credited_minor: int | None = None
    rate: str | None = None
    origin_id: UUID | None = None
    due_at: datetime | None = None
    reservation: Reservation | None = None
    shares: tuple[Share, ...] = ()
    withdrawal: Withdrawal | None = None
    is_pending: bool = False
    failure: ErrorCode | None = None
    accepted_at: datetime | None = None


# In the place of an operation's id, which a decision does not know.
NEW = UUID(int=0)


def post(decision: Decision, operation_id: UUID, books: Books) -> None:
    """Applies a decision to the books in memory: balances move, and each entry takes its sequence number."""
    for wallet, amount_minor in decision.postings:
        wallet.balance += amount_minor
        wallet.sequence += 1
    if decision.reservation is not None:
        reservation = decision.reservation
        if reservation.operation_id == NEW:
            reservation = reservation._replace(operation_id=operation_id)
        keep_reservation(reservation, books)
    if decision.shares:
        shares = tuple(
            share._replace(operation_id=operation_id) if share.operation_id == NEW else share
            for share in decision.shares
        )
        books.shares[shares[0].operation_id] = shares
    if decision.withdrawal is not None:
        withdrawal = decision.withdrawal
        if withdrawal.operation_id == NEW:
            withdrawal = withdrawal._replace(operation_id=operation_id)
        books.withdrawals[withdrawal.operation_id] = withdrawal


def keep_reservation(reservation: Reservation, books: Books) -> None:
    """Puts a reservation into the books as it stands now, and sets aside more or less in its wallet accordingly."""
    before = books.reservations.get(reservation.operation_id)
    change_minor = reservation.remaining_minor - (0 if before is None else before.remaining_minor)
    wallet = books.wallets[reservation.wallet_id]
    if reservation.kind == "DEPOSIT":
        wallet.pending += change_minor
    else:
        wallet.held += change_minor
    books.reservations[reservation.operation_id] = reservation


def is_over(reservation: Reservation, instant: datetime) -> bool:
    """Whether its time has come, although the row may not say so yet."""
    return reservation.state == OPEN and reservation.ends_at is not None and reservation.ends_at <= instant
