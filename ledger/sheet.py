"""The rows of one batch, gathered column by column as its commands are decided."""

from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from ledger.accounts import Wallet
from ledger.books import ENDED, Books, Reservation, Share, Withdrawal
from ledger.commands import CarryOut, Command, Enqueue
from ledger.decisions import NEW, Acceptance, Decision, is_over, keep_reservation, post
from ledger.outcomes import Operation, Outcome, WalletView
from ledger.queued_commands import write_command
from ledger.rejections import ErrorCode

_OPERATION_COLUMNS = Operation._fields.index("created_at")
# These go out from a wallet of the caller's, all others come in.
_OUTGOING = ("TRANSFER", "REFUND", "WITHDRAWAL")

Side = TypeVar("Side", Wallet, WalletView)


class Savepoint(NamedTuple):
    """The books and the sheet as they were, to go back to."""

    wallets: list[tuple[Wallet, int, int, int, int]]
    reservations: dict[UUID, Reservation]
    shares: dict[UUID, tuple[Share, ...]]
    withdrawals: dict[UUID, Withdrawal]
    touched: tuple[dict[UUID, Wallet], set[UUID], set[UUID], set[UUID]]
    # Of entries, operations, what is accepted, what ended and what is carried out.
    counts: tuple[int, ...]


class Sheet:
    """What one batch writes: each touched wallet, reservation and share once, an operation a command, its entries.

    Of what is only accepted, a row of the queue; of what was accepted before, that it leaves the queue, or how a
    withdrawal ended. What is over by the time of the books is settled at once: it is set aside no more.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._wallets: dict[UUID, Wallet] = {}
        self._reservations: set[UUID] = set()
        self._shares: set[UUID] = set()
        self._entries: list[tuple[UUID, int, UUID, int, str, int]] = []
        self._operations: list[tuple[Any, ...]] = []
        self._accepted: list[tuple[Any, ...]] = []
        self._withdrawals: set[UUID] = set()
        self._ended: list[tuple[UUID, str, str | None, int | None]] = []
        self.carried_out: list[UUID] = []
        for reservation in list(books.reservations.values()):
            if is_over(reservation, books.instant):
                self._settle(reservation)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._operations or self._accepted)

    def operation_ids(self) -> list[UUID]:
        """The operations that the batch records or accepts."""
        return [row[0] for row in (*self._operations, *self._accepted)]

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
            withdrawal,
            is_pending,
            failure,
            accepted_at,
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
            own_id = shares[0].operation_id
            self._shares.add(operation_id if own_id == NEW else own_id)
        if rejection is not None:
            failure = rejection.code
        status = "PENDING" if is_pending else "SUCCEEDED" if failure is None else "FAILED"
        if withdrawal is not None:
            self._keep_withdrawal(withdrawal, operation_id, status, failure, debited_minor)
        if isinstance(command, CarryOut):
            self.carried_out.append(command.accepted.id)
        operation = Operation(
            operation_id,
            kind,
            status,
            failure,
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
            accepted_at,
            self._books.instant,
            None if source is None else source.currency,
            None if target is None else target.currency,
        )
        # The columns of the table come first, its time being the same for the whole batch.
        self._operations.append(operation[:_OPERATION_COLUMNS])
        own = own_side(kind, source, target, command.account_id)
        return Outcome(operation, None if own is None else view(own), rejection)

    def accept(self, command: Enqueue, operation_id: UUID, acceptance: Acceptance) -> Outcome:
        """Adds a row of the queue. No wallet changes: the outcome shows the caller's as it stands."""
        kind, amount_minor, currency, source, target, ordered_by = acceptance
        source_id = None if source is None else source.id
        target_id = None if target is None else target.id
        account_id, summary = command.account_id, command.summary
        named = (kind, account_id, summary, amount_minor, currency, source_id, target_id)
        self._accepted.append((operation_id, ordered_by.lane, ordered_by.id, *named, write_command(command)))
        own = own_side(kind, source, target, account_id)
        operation = Operation(
            id=operation_id,
            kind=kind,
            status="PENDING",
            failure_code=None,
            account_id=account_id,
            summary=summary,
            amount=amount_minor,
            currency=currency,
            source_id=source_id,
            target_id=target_id,
            debited=None,
            credited=None,
            rate=None,
            origin_id=None,
            due_at=None,
            accepted_at=None,
            created_at=self._books.instant,
            source_currency=None if source is None else source.currency,
            target_currency=None if target is None else target.currency,
        )
        return Outcome(operation, None if own is None else view(own), None)

    def savepoint(self) -> Savepoint:
        """How things stand now."""
        books = self._books
        system = (wallet for wallets in books.system.values() for wallet in wallets)
        return Savepoint(
            [(w, w.balance, w.held, w.pending, w.sequence) for w in (*books.wallets.values(), *system)],
            dict(books.reservations),
            dict(books.shares),
            dict(books.withdrawals),
            (dict(self._wallets), set(self._reservations), set(self._shares), set(self._withdrawals)),
            tuple(map(len, self._lists())),
        )

    def roll_back(self, before: Savepoint) -> None:
        """Undoes all that was recorded since; to be used once."""
        for wallet, balance, held, pending, sequence in before.wallets:
            wallet.balance, wallet.held, wallet.pending, wallet.sequence = balance, held, pending, sequence
        self._books.reservations, self._books.shares = before.reservations, before.shares
        self._books.withdrawals = before.withdrawals
        self._wallets, self._reservations, self._shares, self._withdrawals = before.touched
        for rows, count in zip(self._lists(), before.counts, strict=True):
            del rows[count:]

    def columns(self) -> list[Any]:
        """The arguments of the statement `write_batch`; empty where no operation is recorded."""
        if not self._operations:
            return []
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

    def withdrawal_columns(self) -> list[Any]:
        """The arguments of the statement `write_withdrawals`; empty where there is nothing to write."""
        rows = [self._books.withdrawals[operation_id] for operation_id in self._withdrawals]
        return [*map(list, zip(*rows, strict=True))]

    def ended_columns(self) -> list[Any]:
        """The arguments of the statement `end_operations`; empty where there is nothing to write."""
        return [*map(list, zip(*self._ended, strict=True))]

    def accepted_columns(self) -> list[Any]:
        """The arguments of the statement `write_queued`; empty where there is nothing to write."""
        columns = [*map(list, zip(*self._accepted, strict=True))]
        return [*columns, self._books.instant] if columns else []

    def _lists(self) -> tuple[list[Any], ...]:
        return self._entries, self._operations, self._accepted, self._ended, self.carried_out

    def _keep_withdrawal(
        self,
        withdrawal: Withdrawal,
        operation_id: UUID,
        status: str,
        failure: ErrorCode | None,
        debited_minor: int | None,
    ) -> None:
        if withdrawal.operation_id == NEW:
            self._withdrawals.add(operation_id)
        else:
            self._withdrawals.add(withdrawal.operation_id)
            self._ended.append((withdrawal.operation_id, status, failure, debited_minor))

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
