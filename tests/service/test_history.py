"""A wallet's history by pages: in both orders, from both ends, filtered, and with nothing lost at the edges."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded

# Sequence -> what happened to the purse: five top-ups, then charges of which every third is refused.
OPERATIONS = 23

Pages = list[list[int]]


@pytest.fixture(scope="module")
async def busy_shop(quiet_shop: Shop) -> Shop:
    """A purse with 23 operations: 1 to 5 deposits, after them charges, of which 8, 11, 14, 17, 20 and 23 failed."""
    shop = await open_shop(Api(quiet_shop.client.http), "USD")
    for number in range(1, OPERATIONS + 1):
        if number <= 5:
            assert succeeded(await shop.deposit("10", summary=str(number)))
        elif number % 3 == 2:
            assert refusal(await shop.charge("100", summary=str(number)))[0] == "INSUFFICIENT_FUNDS"
        else:
            assert succeeded(await shop.charge("0.10", summary=str(number)))
    return shop


async def page(shop: Shop, arguments: str) -> tuple[list[int], dict[str, Any]]:
    """The sequences on a page, and its pageInfo."""
    history = await shop.client.history(shop.purse["token"], arguments)
    edges, info = history["edges"], history["pageInfo"]
    assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
    assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
    # The summary was made from the number, so each entry carries the operation that it belongs to.
    assert [edge["node"]["summary"] for edge in edges] == [str(edge["sequence"]) for edge in edges]
    return [edge["sequence"] for edge in edges], info


async def all_pages(shop: Shop, size: int, more: str = "", *, backward: bool = False) -> Pages:
    """Every page from one end to the other."""
    pages: Pages = []
    count, place, cursor = ("last", "before", "startCursor") if backward else ("first", "after", "endCursor")
    arguments = f"{count}: {size} {more}"
    while True:
        sequences, info = await page(shop, arguments)
        pages.append(sequences)
        assert info["hasNextPage" if backward else "hasPreviousPage"] == (len(pages) > 1)
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return pages
        arguments = f'{count}: {size} {place}: "{info[cursor]}" {more}'
        assert len(pages) <= OPERATIONS, "the pages lead round in a circle"


def joined(pages: Iterable[list[int]]) -> list[int]:
    """All pages as one list."""
    return [sequence for page in pages for sequence in page]


NEWEST_FIRST = list(range(OPERATIONS, 0, -1))
OLDEST_FIRST = NEWEST_FIRST[::-1]


@pytest.mark.parametrize("size", [1, 7, 22, 23, 24, 100])
@pytest.mark.parametrize(
    ("more", "expected"),
    [("", NEWEST_FIRST), ("orderBy: OLDEST_FIRST", OLDEST_FIRST)],
    ids=["newest", "oldest"],
)
async def test_forward_and_backward_every_entry_comes_once_and_in_order(
    busy_shop: Shop, size: int, more: str, expected: list[int]
) -> None:
    forward = await all_pages(busy_shop, size, more)
    assert joined(forward) == expected
    assert [len(sequences) for sequences in forward[:-1]] == [size] * (len(forward) - 1)
    backward = await all_pages(busy_shop, size, more, backward=True)
    assert joined(reversed(backward)) == expected
    assert [len(sequences) for sequences in backward[:-1]] == [size] * (len(backward) - 1)


async def test_a_page_has_20_entries_when_nothing_is_said(busy_shop: Shop) -> None:
    answer = await busy_shop.client.ask(
        "query ($token: WalletToken) { wallet(token: $token) { history { edges { sequence } nodes { id } } } }",
        token=busy_shop.purse["token"],
    )
    history = answer.data["wallet"]["history"]
    assert [edge["sequence"] for edge in history["edges"]] == NEWEST_FIRST[:20]
    assert len(history["nodes"]) == 20
    assert (await page(busy_shop, "orderBy: OLDEST_FIRST"))[0] == OLDEST_FIRST[:20]


async def test_changes_and_balances_tell_one_story(busy_shop: Shop) -> None:
    edges = (await busy_shop.client.history(busy_shop.purse["token"]))["edges"]
    cents = 0
    for edge in reversed(edges):
        change = int(edge["change"]["amount"].replace(".", ""))
        failed = edge["node"]["status"] == "FAILED"
        assert (change == 0) == failed
        assert (change > 0) == (edge["node"]["kind"] == "DEPOSIT")
        cents += change
        assert edge["balanceAfter"]["amount"] == f"{cents // 100}.{cents % 100:02}"
    assert (await busy_shop.balances())[0] == edges[0]["balanceAfter"]["amount"]


FAILED = [number for number in NEWEST_FIRST if number > 5 and number % 3 == 2]
DEPOSITS = [5, 4, 3, 2, 1]
FILTERS = [
    ("kinds: [DEPOSIT]", DEPOSITS),
    ("kinds: [CHARGE]", NEWEST_FIRST[:-5]),
    ("kinds: CHARGE, statuses: FAILED", FAILED),
    ("kinds: [DEPOSIT, CHARGE], statuses: [FAILED]", FAILED),
    ("statuses: [SUCCEEDED]", [number for number in NEWEST_FIRST if number not in FAILED]),
    ("statuses: [SUCCEEDED, FAILED, PENDING]", NEWEST_FIRST),
    ("kinds: [DEPOSIT], statuses: [FAILED]", []),
    ("kinds: [TRANSFER, WITHDRAWAL, REFUND, AUTHORIZATION, CAPTURE, RELEASE]", []),
    ("kinds: []", []),
    ("kinds: null, statuses: null, from: null, to: null", NEWEST_FIRST),
    ("", NEWEST_FIRST),
]


@pytest.mark.parametrize(("wanted", "expected"), FILTERS, ids=[wanted for wanted, _ in FILTERS])
async def test_a_filter_is_kept_from_page_to_page(busy_shop: Shop, wanted: str, expected: list[int]) -> None:
    more = f"filter: {{ {wanted} }}"
    assert joined(await all_pages(busy_shop, 4, more)) == expected
    assert joined(reversed(await all_pages(busy_shop, 4, more, backward=True))) == expected
    assert joined(await all_pages(busy_shop, 4, more + " orderBy: OLDEST_FIRST")) == expected[::-1]


async def test_from_is_part_of_the_span_and_to_is_not(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD")
    for number in (1, 2, 3):
        await shop.deposit("1", summary=str(number))
        await asyncio.sleep(0.005)
    answer = await shop.client.ask(
        "query ($token: WalletToken) "
        "{ wallet(token: $token) { history(orderBy: OLDEST_FIRST) { nodes { createdAt } } } }",
        token=shop.purse["token"],
    )
    times = [node["createdAt"] for node in answer.data["wallet"]["history"]["nodes"]]
    first, second, third = times
    spans = [
        (f'from: "{second}"', [3, 2]),
        (f'to: "{second}"', [1]),
        (f'from: "{first}", to: "{third}"', [2, 1]),
        (f'from: "{second}", to: "{second}"', []),
        (f'from: "{third}", to: "{first}"', []),
        ('from: "2000-01-01T00:00:00Z"', [3, 2, 1]),
        ('to: "2000-01-01T00:00:00Z"', []),
        ('to: "9999-12-31T23:59:59Z"', [3, 2, 1]),
        ('from: "0001-01-01T00:00:00Z"', [3, 2, 1]),
        # The same instant as seen from elsewhere.
        (f'from: "{_in_zone(second, 330)}"', [3, 2]),
        (f'to: "{_in_zone(second, -720)}"', [1]),
    ]
    for wanted, expected in spans:
        assert (await page(shop, f"filter: {{ {wanted} }}"))[0] == expected, wanted


def _in_zone(instant: str, minutes: int) -> str:
    local = datetime.fromisoformat(instant) + timedelta(minutes=minutes)
    sign, away = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{local.replace(tzinfo=None).isoformat()}{sign}{away // 60:02}:{away % 60:02}"


async def test_a_page_between_two_cursors(busy_shop: Shop) -> None:
    edges = (await busy_shop.client.history(busy_shop.purse["token"]))["edges"]
    cursors = {edge["sequence"]: edge["cursor"] for edge in edges}
    between = f'after: "{cursors[20]}", before: "{cursors[10]}"'
    assert (await page(busy_shop, f"first: 4 {between}"))[0] == [19, 18, 17, 16]
    assert (await page(busy_shop, f"last: 4 {between}"))[0] == [14, 13, 12, 11]
    assert (await page(busy_shop, f"first: 100 {between}"))[0] == list(range(19, 10, -1))
    assert (await page(busy_shop, f'first: 5 after: "{cursors[10]}" before: "{cursors[20]}"'))[0] == []


async def test_cursors_at_the_edges(busy_shop: Shop) -> None:
    edges = (await busy_shop.client.history(busy_shop.purse["token"]))["edges"]
    newest, oldest = edges[0]["cursor"], edges[-1]["cursor"]
    sequences, info = await page(busy_shop, f'first: 5 after: "{oldest}"')
    assert (sequences, info["hasNextPage"], info["hasPreviousPage"]) == ([], False, True)
    sequences, info = await page(busy_shop, f'last: 5 before: "{newest}"')
    assert (sequences, info["hasNextPage"], info["hasPreviousPage"]) == ([], True, False)
    sequences, info = await page(busy_shop, f'first: 5 before: "{newest}"')
    assert (sequences, info["hasNextPage"]) == ([], False)


async def test_a_page_of_none_still_says_whether_more_follows(busy_shop: Shop) -> None:
    assert await page(busy_shop, "first: 0") == (
        [],
        {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    )
    assert (await page(busy_shop, "last: 0"))[1]["hasPreviousPage"]
    assert not (await page(busy_shop, "first: 0 filter: { kinds: [] }"))[1]["hasNextPage"]


async def test_what_comes_in_meanwhile_moves_no_page(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD")
    for number in range(1, 5):
        await shop.deposit("1", summary=str(number))
    sequences, info = await page(shop, "first: 2")
    assert sequences == [4, 3]
    await shop.deposit("1", summary="5")
    assert (await page(shop, f'first: 2 after: "{info["endCursor"]}"'))[0] == [2, 1]
    assert (await page(shop, f'last: 2 before: "{info["startCursor"]}"'))[0] == [5]


async def test_an_empty_history(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD")
    empty = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    for arguments in ("first: 0", "first: 5", "last: 5", "orderBy: OLDEST_FIRST"):
        assert await page(shop, arguments) == ([], empty)
