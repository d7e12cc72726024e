"""The lines of a running service's log. Each is written a moment after what it tells of: who needs one waits for it."""

import asyncio
import time
from typing import Any

import orjson

from tests.running import Service

SECONDS_MAX = 20.0


def lines_of(service: Service) -> list[dict[str, Any]]:
    """The log's lines so far; what others write into the same file is left out."""
    return [orjson.loads(text) for text in service.log.read_text().splitlines() if text.startswith("{")]


async def line_of(service: Service, **values: object) -> dict[str, Any]:
    """The one line that has these values, once it is there."""
    give_up_at = time.monotonic() + SECONDS_MAX
    while not (found := [line for line in lines_of(service) if values.items() <= line.items()]):
        assert time.monotonic() < give_up_at, values
        await asyncio.sleep(0.05)
    (line,) = found
    return line
