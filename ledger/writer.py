"""One batch of commands in one transaction: claim the keys, lock the wallets, decide, write, commit.

The steps and their order are those of docs/architecture.md. The SQL is in statements.sql, the decisions
are pure functions in decisions.py; here is what happens between.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from ledger.accounts import ACTIVE, Wallet, Wallets
from ledger.commands import Command, fingerprint, wallet_ids
from ledger.decisions import Currencies, Decision, decide, outside_currency
from ledger.money import BIGINT_MAX
from ledger.outcomes import Outcome, Replay
from ledger.outside import OutsideWallets
from ledger.rejections import ErrorCode, Rejection
from ledger.sheet import Sheet
from ledger.statements import load_statements

SQL = load_statements("statements.sql")

Result = Outcome | Replay
Key = tuple[UUID, str]

_CONFLICT = Outcome(
    None,
    None,
    Rejection(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        "This idempotency key was used before, for another request.",
        ("idempotencyKey",),
    ),
)


class Claim(NamedTuple):
    """Whose an idempotency key is: the first request that carried it."""

    fingerprint: bytes
    operation_id: UUID
    rejection: Rejection | None = None


class Request:
    """A command with the id its operation will have, the same in every attempt to execute it."""

    __slots__ = ("command", "fingerprint", "key", "operation_id")

    def __init__(self, command: Command, operation_id: UUID) -> None:
        self.command = command
        self.operation_id = operation_id
        self.key: Key | None = None
        self.fingerprint = b""
        if command.idempotency_key is not None:
            self.key = (command.account_id, command.idempotency_key)
            self.fingerprint = fingerprint(command)


@dataclass(slots=True)
class Attempt:
    """How far a transaction came, for the case that its connection is lost."""

    operation_ids: list[UUID] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    commit_sent: bool = False

    def part(self, index: int, request: Request) -> "Attempt":
        """What the attempt was for one of its requests; by whose own operation it shows whether it was committed."""
        recorded = [request.operation_id] if request.operation_id in self.operation_ids else []
        return Attempt(recorded, [self.results[index]], self.commit_sent)


class Writer:
    """Executes batches on one connection. Several writers, here and elsewhere, share one database."""

    def __init__(
        self, connection: asyncpg.Connection, currencies: Currencies, outside: OutsideWallets
    ) -> None:
        self._connection = connection
        self._currencies = currencies
        self._outside = outside

    async def execute(self, batch: Sequence[Request], attempt: Attempt, lost: Attempt | None) -> list[Result]:
        """The result of each request, in order, once the transaction is committed.

        `attempt` is filled in on the way. `lost` is an earlier attempt at the same batch whose COMMIT got no
        answer: if it turns out to be committed, its results are returned and nothing is executed.
        Raises what asyncpg raises; then this transaction was rolled back, unless `attempt.commit_sent`.
        """
        connection = self._connection
        await connection.execute("BEGIN")
        settled = await self._claim_keys(batch)
        fresh = [request for request, answer in zip(batch, settled, strict=True) if answer is None]
        wallets, instant = await self._lock_wallets(fresh)
        # Only now: whoever holds an earlier attempt's locks has ended, one way or the other.
        if lost is not None and await self._is_committed(lost):
            await connection.execute("ROLLBACK")
            return lost.results
        outside, instant = await self._lock_outside_wallets(fresh, wallets, instant)

        sheet = Sheet(instant)
        outcomes: dict[UUID, Outcome] = {}
        rejections: dict[Key, Rejection] = {}
        for request in fresh:
            decision = decide(request.command, wallets, outside, self._currencies)
            if isinstance(decision, Decision):
                outcome = sheet.record(request.command, request.operation_id, decision)
            else:
                outcome = Outcome(None, None, decision)
            outcomes[request.operation_id] = outcome
            if outcome.rejection is not None and request.key is not None:
                rejections[request.key] = outcome.rejection
        if sheet:
            await connection.execute(SQL["write_batch"], *sheet.columns())
        if rejections:
            await self._keep_rejections(rejections)

        attempt.operation_ids = sheet.operation_ids()
        attempt.results = [
            outcomes[request.operation_id] if answer is None else _told(answer, outcomes)
            for request, answer in zip(batch, settled, strict=True)
        ]
        # A COMMIT of nothing but locks waits for the disk all the same, and so tells that there was a row to lock.
        writes = bool(sheet) or any(request.key is not None for request in batch)
        attempt.commit_sent = writes
        await connection.execute("COMMIT" if writes else "ROLLBACK")
        return attempt.results

    async def _claim_keys(self, batch: Sequence[Request]) -> list[Result | None]:
        """Claims each key for the first request that carries it.

        Returns, for each request, None when it is to be executed, or what it is answered instead.
        """
        owners: dict[Key, Claim] = {}
        for request in batch:
            if request.key is not None:
                owners.setdefault(request.key, Claim(request.fingerprint, request.operation_id))
        if not owners:
            return [None] * len(batch)
        claims = sorted((*key, claim.fingerprint, claim.operation_id) for key, claim in owners.items())
        status = await self._connection.execute(SQL["claim_keys"], *map(list, zip(*claims, strict=True)))
        if int(status.rpartition(" ")[2]) < len(claims):
            for row in await self._connection.fetch(
                SQL["claimed_keys"], *map(list, zip(*owners, strict=True))
            ):
                owners[row["account_id"], row["key"]] = Claim(
                    row["fingerprint"], row["operation_id"], _read_rejection(row["rejection"])
                )
        return [None if request.key is None else _answer(request, owners[request.key]) for request in batch]

    async def _lock_wallets(self, requests: Iterable[Request]) -> tuple[dict[UUID, Wallet], datetime]:
        ids = {wallet_id for request in requests for wallet_id in wallet_ids(request.command)}
        rows = await self._connection.fetch(SQL["lock_wallets"], list(ids)) if ids else []
        # The statement's columns stand in the order of Wallet's fields, the time after them.
        wallets = {row[0]: Wallet(*row[:-1]) for row in rows}
        return wallets, max((row[-1] for row in rows), default=datetime.now(UTC))

    async def _lock_outside_wallets(
        self, requests: Iterable[Request], wallets: Wallets, instant: datetime
    ) -> tuple[dict[str, list[Wallet]], datetime]:
        """Of each currency as many of the outside world's wallets as have room for all that is deposited."""
        currencies = (outside_currency(request.command, wallets) for request in requests)
        deposits = Counter(code for code in currencies if code is not None)
        needed_minor = {
            code: deposits[code] * self._currencies[code].amount_minor_max for code in sorted(deposits)
        }
        outside: dict[str, list[Wallet]] = {code: [] for code in needed_minor}
        ahead = 0
        while codes := [code for code, needed in needed_minor.items() if needed > 0]:
            ids = [self._outside.id_in(code, ahead) for code in codes]
            for row in await self._connection.fetch(SQL["lock_outside_wallets"], ids, codes):
                code, balance = row["currency"], row["balance"]
                outside[code].append(
                    Wallet(row["id"], None, None, code, ACTIVE, balance, 0, 0, row["sequence"], True)
                )
                instant = max(instant, row["locked_at"])
                # What is left beside one more deposit may stay unused: the deposit that comes may not fit.
                room_minor = BIGINT_MAX + balance - self._currencies[code].amount_minor_max
                needed_minor[code] -= max(0, room_minor)
            ahead += 1
        for code, locked in outside.items():
            if not locked[0].can_take(-self._currencies[code].amount_minor_max):
                self._outside.go_on(code)
        return outside, instant

    async def _is_committed(self, lost: Attempt) -> bool:
        rows = await self._connection.fetch(SQL["committed_operations"], lost.operation_ids)
        return bool(rows)

    async def _keep_rejections(self, rejections: dict[Key, Rejection]) -> None:
        accounts, keys = map(list, zip(*rejections, strict=True))
        texts = [orjson.dumps(rejection).decode() for rejection in rejections.values()]
        await self._connection.execute(SQL["keep_rejections"], accounts, keys, texts)


def _answer(request: Request, owner: Claim) -> Result | None:
    """What a request is told when its key is another's; None when the key is its own, to be executed."""
    if owner.operation_id == request.operation_id:
        # Its own refusal, from an attempt that was committed without our knowing.
        return None if owner.rejection is None else Outcome(None, None, owner.rejection)
    if owner.fingerprint != request.fingerprint:
        return _CONFLICT
    return Replay(owner.operation_id, owner.rejection)


def _told(result: Result, outcomes: dict[UUID, Outcome]) -> Result:
    """A replay of a refusal that this very batch came to carries that refusal."""
    if isinstance(result, Replay) and (outcome := outcomes.get(result.operation_id)) is not None:
        return Replay(result.operation_id, outcome.rejection)
    return result


def _read_rejection(stored: str | None) -> Rejection | None:
    if stored is None:
        return None
    parts = orjson.loads(stored)
    return Rejection(ErrorCode(parts["code"]), parts["message"], tuple(parts["field"]))
