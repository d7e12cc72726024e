"""The table behind the limits: one transaction lends to, and takes back from, many accounts and addresses at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import asyncpg

from auth.limits.leases import Unused
from auth.limits.window import SLOT_SECONDS, SLOTS, UNTOUCHED, Loan, Window
from ledger.asking import asking

DIGEST_BYTES = 16
SWEPT_AT_ONCE = 10_000

# In the order of the subjects, so that two processes at once never wait for each other; and locked by being changed.
_LOCK = """
    INSERT INTO rate_limits AS known (subject, slot, taken)
    SELECT subject, $2, $3 FROM unnest($1::bytea[]) AS subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET slot = known.slot
    RETURNING subject, slot, taken, extract(epoch FROM clock_timestamp())::float8 AS seconds
"""
_WRITE = """
    UPDATE rate_limits SET slot = counted.slot, taken = counted.taken::integer[]
    FROM unnest($1::bytea[], $2::bigint[], $3::text[]) AS counted (subject, slot, taken)
    WHERE rate_limits.subject = counted.subject
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
    """What is asked for one subject: so much of its limit, and room for what it gives back."""

    digest: bytes
    limit: int
    wanted: int
    again: bool
    unused: Sequence[Unused]


def digest_of(kind: str, subject: str) -> bytes:
    """What the table knows the subject by: no address is stored in the clear."""
    text = f"{kind}\0{subject}".encode(errors="surrogatepass")
    return blake2b(text, digest_size=DIGEST_BYTES).digest()


async def lend(pool: asyncpg.Pool, requests: Sequence[Request]) -> dict[bytes, Loan]:
    """The loans by digest, each of which is asked for once. Raises what runtime.database.TROUBLE names.

    It touches nothing but an unlogged table, so its commit waits for no disk.
    """
    by_digest = {request.digest: request for request in requests}
    loans: dict[bytes, Loan] = {}
    windows: dict[bytes, Window] = {}
    async with pool.acquire() as connection, connection.transaction():
        for row in await connection.fetch(_LOCK, list(by_digest), UNTOUCHED.slot, UNTOUCHED.taken):
            digest = row["subject"]
            window = Window(row["slot"], tuple(row["taken"]))
            windows[digest], loans[digest] = _lend(window, by_digest[digest], row["seconds"])
        slots = [window.slot for window in windows.values()]
        taken = [f"{{{','.join(map(str, window.taken))}}}" for window in windows.values()]
        await connection.execute(_WRITE, list(windows), slots, taken)
    return loans


def _lend(window: Window, request: Request, seconds: float) -> tuple[Window, Loan]:
    for slot, count in request.unused:
        window = window.given_back(slot, count)
    phase = request.digest[0] / 256 * SLOT_SECONDS
    return window.lend(request.limit, request.wanted, again=request.again, seconds=seconds, phase=phase)


async def forget_old(pool: asyncpg.Pool) -> None:
    """Deletes all rows that count no more. Raises Unavailable."""
    deleted = SWEPT_AT_ONCE
    while deleted >= SWEPT_AT_ONCE:
        async with asking():
            status = await pool.execute(_SWEEP, float(SLOT_SECONDS), SLOTS, SWEPT_AT_ONCE)
        deleted = int(status.split()[-1])
