"""Clients under load, as careful ones are written: a key a charge, and asked again until there is an answer."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.client import Api

RETRY_SECONDS_MAX = 40.0
CHARGE = """
mutation ($input: ChargeInput!) { charge(input: $input) {
  replayed operation { id status failureCode } userErrors { code }
} }
"""
# What a client may see while processes and databases come and go.
PASSING = {"OVERLOADED", "UNAVAILABLE", "INTERNAL"}


@dataclass(slots=True)
class Told:
    """What clients were told, by the summaries of their charges."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    """The id of the operation, which succeeded."""
    refused: dict[str, str] = field(default_factory=dict)
    """The id of the operation, which failed for a business reason."""
    not_executed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    failed_tries: int = 0

    def note(self, summary: str, payload: Any) -> None:
        operation = payload["operation"]
        book = self.acknowledged if operation["status"] == "SUCCEEDED" else self.refused
        book[summary] = operation["id"]


async def charge_by_key(company: Api, wallet: str, amount: str, summary: str, told: Told) -> None:
    """Asks until there is an answer."""
    asked = {"wallet": wallet, "amount": amount, "summary": summary, "idempotencyKey": summary}
    give_up_at = time.monotonic() + RETRY_SECONDS_MAX
    while True:
        answer = await _ask(company, asked)
        if answer is not None and "errors" not in answer:
            told.note(summary, answer["data"]["charge"])
            return
        told.failed_tries += 1
        assert time.monotonic() < give_up_at, answer
        await asyncio.sleep(0.1)


async def charge_once(company: Api, wallet: str, amount: str, summary: str, told: Told) -> None:
    """Asks once, without a key, and remembers what was said of it."""
    answer = await _ask(company, {"wallet": wallet, "amount": amount, "summary": summary})
    if answer is None:
        told.unknown.add(summary)
    elif "errors" not in answer:
        told.note(summary, answer["data"]["charge"])
    else:
        executed = {error["extensions"]["executed"] for error in answer["errors"]}
        (told.not_executed if executed == {"NO"} else told.unknown).add(summary)
        await asyncio.sleep(0.05)


async def _ask(company: Api, asked: dict[str, str]) -> Any:
    try:
        answer = await company.ask(CHARGE, input=asked)
    except (httpx.TransportError, ValueError):  # cut off, or in the middle of the body
        return None
    assert set(answer.error_codes) <= PASSING, answer.body
    return answer.body
