"""A client with a purse and a company with a till: what most stories here begin with."""

from dataclasses import dataclass
from typing import Any

from tests.client import Api


@dataclass(frozen=True, slots=True)
class Shop:
    """`purse` and `till` are the wallets' id, token and currency."""

    client: Api
    company: Api
    purse: dict[str, Any]
    till: dict[str, Any]

    async def balances(self) -> tuple[str, str]:
        """What is in the purse and in the till."""
        purse = await self.client.wallet(self.purse["token"])
        till = await self.company.wallet(self.till["token"])
        return purse["balance"]["amount"], till["balance"]["amount"]

    async def statuses(self) -> tuple[list[str], list[str]]:
        """The status or failure code of each operation in both histories, newest first."""
        return (
            _told(await self.client.history(self.purse["token"])),
            _told(await self.company.history(self.till["token"])),
        )

    async def charge(self, amount: Any, **more: Any) -> Any:
        """The company charges the purse."""
        return await self.company.charge(self.purse["token"], amount, **more)

    async def deposit(self, amount: Any, **more: Any) -> Any:
        """The client tops the purse up."""
        return await self.client.deposit(self.purse["token"], amount, **more)


async def open_shop(anyone: Api, currency: str, amount: str | None = None) -> Shop:
    """A new client and a new company with one empty wallet each, or with that amount in the client's."""
    client, company = await anyone.sign_up_client(), await anyone.sign_up_company()
    purse = await client.create_wallet(currency=currency)
    till = await company.create_wallet(currency=currency)
    shop = Shop(client, company, purse, till)
    if amount is not None:
        assert succeeded(await shop.deposit(amount))
    return shop


def succeeded(payload: Any) -> bool:
    """Whether a payload tells of success, in each of the places where it does."""
    done: bool = payload["operation"] is not None and payload["operation"]["success"]
    assert done == (payload["userErrors"] == [])
    if payload["operation"] is not None:
        assert (payload["operation"]["status"] == "SUCCEEDED") == done
        assert (payload["operation"]["failureCode"] is None) == done
    return done


def refusal(payload: Any) -> tuple[str, list[str] | None]:
    """Code and field of the one refusal of a payload; where it is recorded, the operation agrees."""
    (error,) = payload["userErrors"]
    operation = payload["operation"]
    if operation is not None:
        assert (operation["status"], operation["success"]) == ("FAILED", False)
        assert operation["failureCode"] == error["code"]
        assert operation["debited"] is operation["credited"] is operation["refunded"] is None
    return error["code"], error["field"]


def _told(history: Any) -> list[str]:
    return [edge["node"]["failureCode"] or edge["node"]["status"] for edge in history["edges"]]
