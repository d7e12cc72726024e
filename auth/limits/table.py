"""The table behind the limits: it lends to, and takes back from, many accounts and addresses at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from auth.limits.leases import Unused
from auth.limits.window import SLOT_SECONDS, SLOTS, UNTOUCHED, Loan, Window
from ledger.asking import asking

DIGEST_BYTES = 16
SWEPT_AT_ONCE = 10_000

_READ = """
    SELECT subject, version, slot, taken,
        extract(epoch FROM clock_timestamp())::float8 AS seconds
    FROM unnest($1::bytea[]) AS subject LEFT JOIN rate_limits USING (subject)
"""
# Where nobody else has written meanwhile. In the order of the subjects, so that two processes at once never wait for
# each other.
_WRITE = """
    INSERT INTO rate_limits AS known (subject, version, slot, taken)
    SELECT subject, version, slot, taken::integer[]
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[]) AS counted (subject, version, slot, taken)
    ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET version = EXCLUDED.version, slot = EXCLUDED.slot, taken = EXCLUDED.taken
    WHERE known.version = EXCLUDED.version - 1
    RETURNING subject
"""
# One slot more than a window: not all begin at the same moment.
_SWEEP = """
    DELETE FROM rate_limits WHERE subject IN (
        SELECT subject FROM rate_limits WHERE slot < floor(extract(epoch FROM now()) / $1) - $2
        LIMIT $3 FOR UPDATE SKIP LOCKED
    )
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for one subject: so much of its limit, more where more is expected, and what it gives back."""

    digest: bytes
    limit: int
    wanted: int
    expected: int
    unused: Sequence[Unused]


def digest_of(kind: str, subject: str) -> bytes:
    """What the table knows the subject by: no address is stored in the clear."""
    text = f"{kind}\0{subject}".encode(errors="surrogatepass")
    return blake2b(text, digest_size=DIGEST_BYTES).digest()


async def lend(pool: asyncpg.Pool, requests: Sequence[Request]) -> dict[bytes, Loan]:
    """The loans by digest, each of which is asked for once. Raises what runtime.database.TROUBLE names.

    Where another process was quicker it tries again: who calls limits the time. It writes to nothing but an unlogged
    table, so it waits for no disk.
    """
    waiting = {request.digest: request for request in requests}
    loans: dict[bytes, Loan] = {}
    async with pool.acquire() as connection:
        while waiting:
            offered = await _offers(connection, waiting)
            written = await connection.fetch(
                _WRITE,
                list(offered),
                [offer.version for offer in offered.values()],
                [offer.window.slot for offer in offered.values()],
                [f"{{{','.join(map(str, offer.window.taken))}}}" for offer in offered.values()],
            )
            for (digest,) in written:
                loans[digest] = offered[digest].loan
                del waiting[digest]
    return loans


class _Offer(NamedTuple):
    version: int
    window: Window
    loan: Loan


async def _offers(connection: PoolConnectionProxy, requests: Mapping[bytes, Request]) -> dict[bytes, _Offer]:
    """What each row would become, and what could be lent then."""
    offers = {}
    for digest, version, slot, taken, seconds in await connection.fetch(_READ, list(requests)):
        request = requests[digest]
        window = UNTOUCHED if taken is None else Window(slot, tuple(taken))
        for unused_slot, count in request.unused:
            window = window.given_back(unused_slot, count)
        # Whole seconds: slots that end together begin anew together.
        phase = digest[0] % SLOT_SECONDS
        offers[digest] = _Offer(
            (_first_version(seconds) if version is None else version) + 1,
            *window.lend(
                request.limit, request.wanted, expected=request.expected, seconds=seconds, phase=phase
            ),
        )
    return offers


def _first_version(seconds: float) -> int:
    """Where a new row begins to count: never at what a row had that was swept, and that somebody still goes by."""
    return int(seconds * 1_000_000) * 1000


async def forget_old(pool: asyncpg.Pool) -> None:
    """Deletes all rows that count no more. Raises Unavailable."""
    deleted = SWEPT_AT_ONCE
    while deleted >= SWEPT_AT_ONCE:
        async with asking():
            status = await pool.execute(_SWEEP, float(SLOT_SECONDS), SLOTS, SWEPT_AT_ONCE)
        deleted = int(status.split()[-1])
