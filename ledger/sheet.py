"""The rows of one batch, gathered column by column as its commands are decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.accounts import Wallet
from ledger.commands import Command
from ledger.decisions import Decision, post
from ledger.outcomes import Operation, Outcome, WalletView

_OPERATION_COLUMNS = Operation._fields.index("created_at")


class Sheet:
    """What one batch writes: each touched wallet once, an operation a command, its entries."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant
        self._wallets: dict[UUID, Wallet] = {}
        self._entries: list[tuple[UUID, int, UUID, int, str, int]] = []
        self._operations: list[tuple[Any, ...]] = []

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._operations)

    def operation_ids(self) -> list[UUID]:
        """The operations that the batch records."""
        return [row[0] for row in self._operations]

    def record(self, command: Command, operation_id: UUID, decision: Decision) -> Outcome:
        """Posts a decision and adds its rows; the outcome shows the caller's wallet right after it."""
        post(decision)
        for wallet, change_minor in decision.postings:
            self._wallets[wallet.id] = wallet
            self._entries.append(
                (wallet.id, wallet.sequence, operation_id, change_minor, wallet.currency, wallet.balance)
            )
        kind, amount_minor, currency, source, target, _, rejection = decision
        source_id, source_currency = (None, None) if source is None else (source.id, source.currency)
        target_id, target_currency = (None, None) if target is None else (target.id, target.currency)
        moved_minor = amount_minor if rejection is None else None
        account_id = command.account_id
        operation = Operation(
            operation_id,
            kind,
            "SUCCEEDED" if rejection is None else "FAILED",
            None if rejection is None else rejection.code,
            account_id,
            command.summary,
            amount_minor,
            currency,
            source_id,
            target_id,
            None if source is None else moved_minor,
            None if target is None else moved_minor,
            self._instant,
            source_currency,
            target_currency,
        )
        # The columns of the table come first, its time being the same for the whole batch.
        self._operations.append(operation[:_OPERATION_COLUMNS])
        if target is not None and target.owner_id == account_id:
            return Outcome(operation, view(target), rejection)
        if source is not None and source.owner_id == account_id:
            return Outcome(operation, view(source), rejection)
        return Outcome(operation, None, rejection)

    def columns(self) -> list[Any]:
        """The arguments of the statement `write_batch`."""
        wallets = [(w.id, w.balance, w.held, w.pending, w.sequence) for w in self._wallets.values()]
        return [
            *map(list, zip(*wallets, strict=True)),
            self._instant,
            *map(list, zip(*self._entries, strict=True)),
            *map(list, zip(*self._operations, strict=True)),
        ]


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
