"""Requests that truly arrive together: written at one moment to connections that stand already.

httpx takes about as long to write a request as the service takes to answer it, so its requests queue up nicely.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


async def at_once(url: str, token: str | None, query: str, count: int) -> list[Any]:
    """The bodies of the answers to so many requests of one account for the same."""
    place = urlsplit(url)
    body = json.dumps({"query": query}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connections = [await asyncio.open_connection(place.hostname, place.port) for _ in range(count)]
    for _, writer in connections:
        writer.write(head.encode() + body)
    answers = []
    for reader, writer in connections:
        answer = await asyncio.wait_for(reader.read(), timeout=20)
        writer.close()
        await writer.wait_closed()
        answers.append(json.loads(answer.partition(b"\r\n\r\n")[2]))
    return answers
