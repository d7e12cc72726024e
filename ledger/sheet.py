"""The rows of one batch, gathered column by column as its commands are decided."""

from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from ledger.accounts import Wallet
from ledger.books import ENDED, Books, Reservation, Share
from ledger.commands import Command
from ledger.decisions import NEW, Decision, is_over, keep_reservation, post
from ledger.outcomes import Operation, Outcome, WalletView

_OPERATION_COLUMNS = Operation._fields.index("created_at")
# These go out from a wallet of the caller's, all others come in.
_OUTGOING = ("TRANSFER", "REFUND")

Side = TypeVar("Side", Wallet, WalletView)


class Savepoint(NamedTuple):
    """The books and the sheet as they were, to go back to."""

    wallets: list[tuple[Wallet, int, int, int, int]]
    reservations: dict[UUID, Reservation]
    shares: dict[UUID, tuple[Share, ...]]
    touched: tuple[dict[UUID, Wallet], set[UUID], set[UUID]]
    entry_count: int
    operation_count: int


class Sheet:
    """What one batch writes: each touched wallet, reservation and share once, an operation a command, its entries.

    What is over by the time of the books is settled at once: it is set aside no more.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._wallets: dict[UUID, Wallet] = {}
        self._reservations: set[UUID] = set()
        self._shares: set[UUID] = set()
        self._entries: list[tuple[UUID, int, UUID, int, str, int]] = []
        self._operations: list[tuple[Any, ...]] = []
        for reservation in list(books.reservations.values()):
            if is_over(reservation, books.instant):
                self._settle(reservation)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._operations)

    def operation_ids(self) -> list[UUID]:
        """The operations that the batch records."""
        return [row[0] for row in self._operations]

    def record(self, command: Command, operation_id: UUID, decision: Decision) -> Outcome:
        """Posts a decision and adds its rows; the outcome shows the caller's wallet right after it."""
        post(decision, operation_id, self._books)
        (
            kind,
            amount_minor,
            currency,
            source,
            target,
            postings,
            rejection,
            debited_minor,
            credited_minor,
            rate,
            origin_id,
            due_at,
            reservation,
            shares,
        ) = decision
        for wallet, change_minor in postings:
            self._wallets[wallet.id] = wallet
            self._entries.append(
                (wallet.id, wallet.sequence, operation_id, change_minor, wallet.currency, wallet.balance)
            )
        if reservation is not None:
            own_id = reservation.operation_id
            self._reservations.add(operation_id if own_id == NEW else own_id)
        if shares:
            self._shares.add(origin_id or operation_id)
        operation = Operation(
            operation_id,
            kind,
            "SUCCEEDED" if rejection is None else "FAILED",
            None if rejection is None else rejection.code,
            command.account_id,
            command.summary,
            amount_minor,
            currency,
            None if source is None else source.id,
            None if target is None else target.id,
            debited_minor,
            credited_minor,
            rate,
            origin_id,
            due_at,
            self._books.instant,
            None if source is None else source.currency,
            None if target is None else target.currency,
        )
        # The columns of the table come first, its time being the same for the whole batch.
        self._operations.append(operation[:_OPERATION_COLUMNS])
        own = own_side(kind, source, target, command.account_id)
        return Outcome(operation, None if own is None else view(own), rejection)

    def savepoint(self) -> Savepoint:
        """How things stand now."""
        books = self._books
        system = (wallet for wallets in books.system.values() for wallet in wallets)
        return Savepoint(
            [(w, w.balance, w.held, w.pending, w.sequence) for w in (*books.wallets.values(), *system)],
            dict(books.reservations),
            dict(books.shares),
            (dict(self._wallets), set(self._reservations), set(self._shares)),
            len(self._entries),
            len(self._operations),
        )

    def roll_back(self, before: Savepoint) -> None:
        """Undoes all that was recorded since; to be used once."""
        for wallet, balance, held, pending, sequence in before.wallets:
            wallet.balance, wallet.held, wallet.pending, wallet.sequence = balance, held, pending, sequence
        self._books.reservations, self._books.shares = before.reservations, before.shares
        self._wallets, self._reservations, self._shares = before.touched
        del self._entries[before.entry_count :]
        del self._operations[before.operation_count :]

    def columns(self) -> list[Any]:
        """The arguments of the statement `write_batch`."""
        wallets = [(w.id, w.balance, w.held, w.pending, w.sequence) for w in self._wallets.values()]
        return [
            *map(list, zip(*wallets, strict=True)),
            self._books.instant,
            *map(list, zip(*self._entries, strict=True)),
            *map(list, zip(*self._operations, strict=True)),
        ]

    def reservation_columns(self) -> list[Any]:
        """The arguments of the statement `write_reservations`; empty where there is nothing to write."""
        rows = [self._books.reservations[operation_id] for operation_id in self._reservations]
        return [*map(list, zip(*rows, strict=True))]

    def share_columns(self) -> list[Any]:
        """The arguments of the statement `write_shares`; empty where there is nothing to write."""
        rows = [share for operation_id in self._shares for share in self._books.shares[operation_id]]
        return [*map(list, zip(*rows, strict=True))]

    def _settle(self, reservation: Reservation) -> None:
        keep_reservation(reservation._replace(state=ENDED, remaining_minor=0), self._books)
        self._reservations.add(reservation.operation_id)
        wallet = self._books.wallets[reservation.wallet_id]
        self._wallets[wallet.id] = wallet


def own_side(kind: str, source: Side | None, target: Side | None, account_id: UUID) -> Side | None:
    """The caller's wallet of the two: the one that the operation is about, where both are the caller's."""
    for wallet in (source, target) if kind in _OUTGOING else (target, source):
        if wallet is not None and wallet.owner_id == account_id:
            return wallet
    return None


def view(wallet: Wallet) -> WalletView:
    """A holder's wallet as it stands now, to be shown after the row itself has moved on."""
    assert wallet.owner_id is not None
    assert wallet.token_secret is not None
    assert wallet.created_at is not None
    return WalletView(
        wallet.id,
        wallet.owner_id,
        wallet.token_secret,
        wallet.name,
        wallet.country,
        wallet.city,
        wallet.currency,
        wallet.status,
        wallet.balance,
        wallet.held,
        wallet.pending,
        wallet.created_at,
    )
