"""Currencies of one's own: all tests share one database, and nobody may change the rates of another's."""

import secrets
from typing import Any

from tests.client import Api


async def set_rates(administrator: Api, *rates: dict[str, Any]) -> Any:
    """What updateRates answers."""
    answer = await administrator.ask(
        "mutation ($input: UpdateRatesInput!) { updateRates(input: $input) "
        "{ currencies { code exponent rate rateUpdatedAt } userErrors { code message field } } }",
        input={"rates": list(rates)},
    )
    return answer.data["updateRates"]


async def new_currency(administrator: Api, rate: str, exponent: int = 2) -> str:
    """The code of a currency that nobody else has."""
    code = "Q" + secrets.token_hex(3).upper()
    answer = await set_rates(administrator, {"code": code, "rate": rate, "exponent": exponent})
    assert answer["userErrors"] == []
    return code
