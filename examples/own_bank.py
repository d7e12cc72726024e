from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from runtime.settings import Settings
from workers.bank import Answer, Bank, Payment, Result


@dataclass
class OwnBank:
    http: httpx.AsyncClient

    async def pay(self, payment: Payment) -> Answer:
        order = {"destination": payment.destination, "amount": payment.amount, "currency": payment.currency}
        order["notAfter"] = payment.not_after.isoformat()
        reply = await self.http.put(f"/payments/{payment.reference}", json=order)
        return Answer(Result(reply.raise_for_status().json()["result"]))

    async def ask(self, reference: str) -> Answer:
        reply = await self.http.get(f"/payments/{reference}")
        return Answer(Result(reply.raise_for_status().json()["result"]))


@asynccontextmanager
async def open_bank(settings: Settings) -> AsyncIterator[Bank]:
    seconds_max = settings.withdrawal_seconds_max
    async with httpx.AsyncClient(base_url="http://127.0.0.1:8001", timeout=seconds_max) as http:
        yield OwnBank(http)
