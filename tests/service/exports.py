"""Asking for exports and downloading them, and a history that is long enough to stand still in."""

import csv
import io
import json
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.client import Api

EXPORT = """
mutation ($input: ExportHistoryInput!) {
  exportHistory(input: $input) { url expiresAt userErrors { code message field } }
}
"""
# Deposits of 0.01 from a wallet of the outside world that is theirs alone.
_LENGTHEN = """
    WITH longer AS (
        UPDATE wallets SET balance = balance + $2::int, sequence = sequence + $2::int WHERE id = $1
        RETURNING owner_id, balance - $2::int AS balance, sequence - $2::int AS sequence
    ), outside AS (
        INSERT INTO wallets (id, kind, currency, balance, sequence, created_at)
        VALUES ($3, 'OUTSIDE', 'USD', -$2::int, $2::int, now())
    ), deposited AS (
        INSERT INTO operations
            (id, kind, status, account_id, summary, amount, currency, target_id, credited, created_at)
        SELECT uuidv7(), 'DEPOSIT', 'SUCCEEDED', owner_id, left(repeat(n || ' ', 120), 240), 1, 'USD', $1, 1, now()
        FROM longer, generate_series(1, $2::int) AS n
        RETURNING id
    ), numbered AS (
        SELECT id, row_number() OVER (ORDER BY id) AS number FROM deposited
    )
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT $1, sequence + number, id, 1, 'USD', balance + number, now() FROM numbered, longer
    UNION ALL SELECT $3, number, id, -1, 'USD', -number, now() FROM numbered
"""


async def lengthen(connection: asyncpg.Connection, wallet_id: str, count: int) -> None:
    """Puts so many more entries of some 300 bytes into a wallet of USD, at its public id."""
    await connection.execute(_LENGTHEN, UUID(hex=wallet_id.removeprefix("wal_")), count, uuid4())


async def ask_for(reader: Api, wallet: dict[str, Any], **asked: Any) -> Any:
    """What exportHistory answers."""
    answer = await reader.ask(EXPORT, input={"wallet": wallet["token"]} | asked)
    return answer.data["exportHistory"]


async def link_to(reader: Api, wallet: dict[str, Any], **asked: Any) -> str:
    """The url of an export."""
    payload = await ask_for(reader, wallet, **asked)
    assert payload["userErrors"] == []
    url: str = payload["url"]
    return url


async def download(url: str) -> httpx.Response:
    """What somebody gets who has the link and nothing else."""
    async with httpx.AsyncClient(timeout=20) as http:
        return await http.get(url)


async def csv_rows(reader: Api, wallet: dict[str, Any], **asked: Any) -> list[dict[str, str]]:
    """The rows of the CSV file, as a program reads them."""
    answer = await download(await link_to(reader, wallet, **asked))
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


async def json_rows(reader: Api, wallet: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    """The lines of the JSON Lines file, without the trailer, which is as it should be."""
    answer = await download(await link_to(reader, wallet, format="JSON_LINES", **asked))
    assert answer.content.endswith(b"\n")
    *rows, trailer = map(json.loads, answer.content.decode().split("\n")[:-1])
    assert trailer == {"end": True, "rows": len(rows)}
    return rows


def slow_reader() -> httpx.AsyncClient:
    """Who takes no more than is asked for: the kernel keeps little for it."""
    transport = httpx.AsyncHTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    return httpx.AsyncClient(transport=transport, timeout=20)


def path_of(url: str) -> str:
    """The url without its origin."""
    return urlsplit(url).path
