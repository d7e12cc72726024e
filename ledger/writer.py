"""One batch of commands in one transaction: claim the keys, lock the wallets, decide, write, commit.

The steps and their order are those of docs/architecture.md. The SQL is in statements.sql, the decisions
are pure functions in decisions; here is what happens between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from ledger.batch import decide_all
from ledger.claims import Result, claim_keys, keep_rejections, told
from ledger.currencies import CurrencyBook
from ledger.locking import open_books
from ledger.outcomes import Outcome
from ledger.requests import Bundle
from ledger.sheet import Sheet
from ledger.statements import load_statements
from ledger.system_wallets import SystemWallets
from ledger.watching import BatchReport, Step

SQL = load_statements("statements.sql")

# The results of a batch: for each bundle those of its requests, in order.
Results = list[list[Result]]


@dataclass(slots=True)
class Attempt:
    """How far a transaction came, for the case that its connection is lost."""

    operation_ids: list[UUID] = field(default_factory=list)
    results: Results = field(default_factory=list)
    commit_sent: bool = False

    def part(self, index: int, bundle: Bundle) -> "Attempt":
        """What the attempt was for one of its bundles; by whose own operations it shows whether it was committed."""
        own = {request.operation_id for request in bundle.requests}
        return Attempt(
            [known_id for known_id in self.operation_ids if known_id in own],
            [self.results[index]],
            self.commit_sent,
        )


class Writer:
    """Executes batches on one connection. Several writers, here and elsewhere, share one database."""

    def __init__(
        self, connection: asyncpg.Connection, currencies: CurrencyBook, system: SystemWallets
    ) -> None:
        self._connection = connection
        self._currencies = currencies
        self._system = system

    async def execute(
        self, batch: Sequence[Bundle], attempt: Attempt, lost: Attempt | None, report: BatchReport
    ) -> Results:
        """The results of each bundle, in order, once the transaction is committed.

        `attempt` and `report` are filled in on the way. `lost` is an earlier attempt at the same batch whose
        COMMIT got no answer: if it turns out to be committed, its results are returned and nothing is executed.
        Raises what asyncpg raises; then this transaction was rolled back, unless `attempt.commit_sent`.
        """
        connection = self._connection
        await connection.execute("BEGIN")
        requests = [request for bundle in batch for request in bundle.requests]
        answered = await claim_keys(connection, requests)
        report.done(Step.CLAIM)
        fresh = requests
        if answered:
            fresh = [request for request in requests if request.operation_id not in answered]
        books = await open_books(
            connection, [request.command for request in fresh], self._currencies, self._system
        )
        report.done(Step.LOCK)
        # Only now: whoever holds an earlier attempt's locks has ended, one way or the other.
        if lost is not None and await self._is_committed(lost):
            await connection.execute("ROLLBACK")
            return lost.results

        sheet = Sheet(books)
        outcomes = decide_all(batch, answered, books, sheet)
        report.done(Step.DECIDE)
        if sheet:
            await self._write(sheet)
        await keep_rejections(connection, fresh, outcomes)
        report.done(Step.WRITE)

        attempt.operation_ids = sheet.operation_ids()
        attempt.results = _results(batch, answered, outcomes)
        # A COMMIT of nothing but locks waits for the disk all the same, and so tells that there was a row to lock.
        attempt.commit_sent = writes = bool(sheet) or any(request.key is not None for request in requests)
        await connection.execute("COMMIT" if writes else "ROLLBACK")
        report.done(Step.COMMIT)
        return attempt.results

    async def _write(self, sheet: Sheet) -> None:
        connection = self._connection
        if accepted := sheet.accepted_columns():
            await connection.execute(SQL["write_queued"], *accepted)
        if not (columns := sheet.columns()):
            return
        await connection.execute(SQL["write_batch"], *columns)
        if reservations := sheet.reservation_columns():
            await connection.execute(SQL["write_reservations"], *reservations)
        if shares := sheet.share_columns():
            await connection.execute(SQL["write_shares"], *shares)
        if withdrawals := sheet.withdrawal_columns():
            await connection.execute(SQL["write_withdrawals"], *withdrawals)
        if ended := sheet.ended_columns():
            await connection.execute(SQL["end_operations"], *ended)
        if sheet.carried_out:
            await connection.execute(SQL["leave_queue"], sheet.carried_out)

    async def _is_committed(self, lost: Attempt) -> bool:
        rows = await self._connection.fetch(SQL["committed_operations"], lost.operation_ids)
        return bool(rows)


def _results(
    batch: Sequence[Bundle], answered: Mapping[UUID, Result], outcomes: Mapping[UUID, Outcome]
) -> Results:
    if not answered:
        return [[outcomes[request.operation_id] for request in bundle.requests] for bundle in batch]
    return [
        [
            told(answered.get(request.operation_id) or outcomes[request.operation_id], outcomes)
            for request in bundle.requests
        ]
        for bundle in batch
    ]
