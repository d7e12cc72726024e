"""Idempotency keys: which request of all that carried a key is executed, and what the others are answered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from ledger.outcomes import Outcome, Replay
from ledger.rejections import ErrorCode, Rejection
from ledger.requests import Key, Request
from ledger.statements import load_statements

SQL = load_statements("statements.sql")

Result = Outcome | Replay

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


async def claim_keys(connection: asyncpg.Connection, requests: Iterable[Request]) -> dict[UUID, Result]:
    """Claims each key for the first request that carries it.

    Returns, by the id of its operation, what each request is answered that is not to be executed.
    """
    keyed = [request for request in requests if request.key is not None]
    owners: dict[Key, Claim] = {}
    for request in keyed:
        assert request.key is not None
        owners.setdefault(request.key, Claim(request.fingerprint, request.operation_id))
    if not owners:
        return {}
    claims = sorted((*key, claim.fingerprint, claim.operation_id) for key, claim in owners.items())
    status = await connection.execute(SQL["claim_keys"], *map(list, zip(*claims, strict=True)))
    if int(status.rpartition(" ")[2]) < len(claims):
        for row in await connection.fetch(SQL["claimed_keys"], *map(list, zip(*owners, strict=True))):
            owners[row["account_id"], row["key"]] = Claim(
                row["fingerprint"], row["operation_id"], _read_rejection(row["rejection"])
            )
    answers = ((request.operation_id, _answer(request, owners)) for request in keyed)
    return {operation_id: answer for operation_id, answer in answers if answer is not None}


async def keep_rejections(
    connection: asyncpg.Connection, requests: Sequence[Request], outcomes: Mapping[UUID, Outcome]
) -> None:
    """Keeps why requests were refused with their keys, to be told again word for word."""
    refused = [
        (*request.key, orjson.dumps(rejection).decode())
        for request in requests
        if request.key is not None and (rejection := outcomes[request.operation_id].rejection) is not None
    ]
    if refused:
        await connection.execute(SQL["keep_rejections"], *map(list, zip(*refused, strict=True)))


def told(result: Result, outcomes: Mapping[UUID, Outcome]) -> Result:
    """A replay of a refusal that this very batch came to carries that refusal."""
    if isinstance(result, Replay) and (outcome := outcomes.get(result.operation_id)) is not None:
        return Replay(result.operation_id, outcome.rejection)
    return result


def _answer(request: Request, owners: Mapping[Key, Claim]) -> Result | None:
    assert request.key is not None
    owner = owners[request.key]
    if owner.operation_id == request.operation_id:
        # Its own refusal, from an attempt that was committed without our knowing.
        return None if owner.rejection is None else Outcome(None, None, owner.rejection)
    if owner.fingerprint != request.fingerprint:
        return _CONFLICT
    return Replay(owner.operation_id, owner.rejection)


def _read_rejection(stored: str | None) -> Rejection | None:
    if stored is None:
        return None
    parts = orjson.loads(stored)
    return Rejection(ErrorCode(parts["code"]), parts["message"], tuple(parts["field"]))
