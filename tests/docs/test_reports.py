"""What docs/reports.md shows of histories, totals and statements is what the service answers."""

import json
import re

import pytest

from tests.client import Api
from tests.docs.tables import ROOT
from tests.service.shop import open_shop, refusal, succeeded

PAGE = (ROOT / "docs" / "reports.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```graphql\n(.*?)^```\n\n```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("query", "answer"), EXAMPLES)
async def test_the_answers_are_those(anyone: Api, query: str, answer: str) -> None:
    shop = await open_shop(anyone, "USD", "20")
    charged = await shop.charge("3")
    assert refusal(await shop.charge("100"))[0] == "INSUFFICIENT_FUNDS"
    assert succeeded(await shop.company.refund(charged["operation"]["id"], amount="1"))
    assert (await shop.client.ask(query, purse=shop.purse["token"])).data == json.loads(answer)
