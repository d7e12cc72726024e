"""What all lists have in common: page sizes, cursors that are none, and the lists of operations and wallets."""

import base64
from typing import Any

import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal

LISTS = {
    "history": "query ($token: WalletToken) { wallet(token: $token) { history(%s) { %s } } }",
    "operations": "query ($token: WalletToken) { operations(%s) { %s } wallet(token: $token) { id } }",
    "wallets": "query ($token: WalletToken) { wallets(%s) { %s } wallet(token: $token) { id } }",
}
PAGE = (
    "edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
)


async def ask(shop: Shop, name: str, arguments: str, fields: str = PAGE) -> Any:
    """The answer for a list of the client's."""
    return await shop.client.ask(LISTS[name] % (arguments, fields), token=shop.purse["token"])


async def listed(reader: Api, name: str, arguments: str) -> Any:
    """A page of a root list."""
    page = (await reader.ask(f"{{ {name}({arguments}) {{ {PAGE} }} }}")).data[name]
    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    return page


async def walk(reader: Api, name: str, size: int, more: str = "", *, backward: bool = False) -> list[str]:
    """The ids of a whole root list, page by page."""
    found: list[str] = []
    count, place, cursor, on = (
        ("last", "before", "startCursor", "hasPreviousPage")
        if backward
        else ("first", "after", "endCursor", "hasNextPage")
    )
    arguments = f"{count}: {size} {more}"
    while True:
        page = await listed(reader, name, arguments)
        ids = [node["id"] for node in page["nodes"]]
        found = ids + found if backward else found + ids
        if not page["pageInfo"][on]:
            return found
        assert len(ids) == size
        assert len(found) == len(set(found)), "the pages lead round in a circle"
        arguments = f'{count}: {size} {place}: "{page["pageInfo"][cursor]}" {more}'


@pytest.fixture(scope="module")
async def rich_client(quiet_shop: Shop) -> tuple[Shop, list[str], list[str]]:
    """A client with five wallets and eleven operations in them: the wallets' and the operations' ids."""
    shop = await open_shop(Api(quiet_shop.client.http), "USD")
    wallets = [shop.purse] + [await shop.client.create_wallet() for _ in range(4)]
    operations = []
    for wallet in wallets:
        payload = await shop.client.deposit(wallet["token"], "1")
        operations.append(payload["operation"]["id"])
    for wallet in wallets:
        payload = await shop.company.charge(wallet["token"], "1")
        operations.append(payload["operation"]["id"])
    refused = await shop.charge("1")
    assert refusal(refused)[0] == "INSUFFICIENT_FUNDS"
    return shop, [wallet["id"] for wallet in wallets], [*operations, refused["operation"]["id"]]


Rich = tuple[Shop, list[str], list[str]]


@pytest.mark.parametrize("size", [1, 4, 5, 11, 100])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
async def test_every_operation_of_ones_wallets_comes_once(
    rich_client: Rich, size: int, backward: bool
) -> None:
    shop, _, operations = rich_client
    assert await walk(shop.client, "operations", size, backward=backward) == operations[::-1]
    oldest = await walk(shop.client, "operations", size, "orderBy: OLDEST_FIRST", backward=backward)
    assert oldest == operations
    # The company sees those that it was a party to.
    assert await walk(shop.company, "operations", size, backward=backward) == operations[:4:-1]


@pytest.mark.parametrize(
    ("wanted", "span"),
    [
        ("kinds: [DEPOSIT]", slice(0, 5)),
        ("kinds: [CHARGE]", slice(5, 11)),
        ("statuses: [FAILED]", slice(10, 11)),
        ("statuses: [PENDING]", slice(0, 0)),
        ("kinds: [CHARGE], statuses: [SUCCEEDED]", slice(5, 10)),
        ('from: "2000-01-01T00:00:00Z"', slice(0, 11)),
        ('to: "2000-01-01T00:00:00Z"', slice(0, 0)),
    ],
)
async def test_operations_are_filtered(rich_client: Rich, wanted: str, span: slice) -> None:
    shop, _, operations = rich_client
    found = await walk(shop.client, "operations", 2, f"orderBy: OLDEST_FIRST, filter: {{ {wanted} }}")
    assert found == operations[span]


async def test_one_that_two_of_ones_wallets_took_part_in_comes_once(elsewhere: Api) -> None:
    company = await elsewhere.sign_up_company()
    till, other = await company.create_wallet(), await company.create_wallet()
    deposited = await company.deposit(other["token"], "1")
    moved = await company.charge(other["token"], "1", into=till["token"])
    # Refused, and so in both histories.
    assert refusal(moved) == ("SAME_WALLET", ["wallet"])
    ids = [moved["operation"]["id"], deposited["operation"]["id"]]
    assert await walk(company, "operations", 1) == ids


@pytest.mark.parametrize("size", [1, 2, 5, 6])
async def test_every_wallet_comes_once_and_the_oldest_first(rich_client: Rich, size: int) -> None:
    shop, wallets, _ = rich_client
    assert await walk(shop.client, "wallets", size) == wallets
    assert await walk(shop.client, "wallets", size, backward=True) == wallets
    assert await walk(shop.company, "wallets", size) == [shop.till["id"]]


async def test_the_total_count_is_that_of_all_pages(rich_client: Rich) -> None:
    shop, _, _ = rich_client
    for arguments in ("first: 0", "first: 2", "last: 1", "first: 100"):
        answer = await ask(shop, "wallets", arguments, "totalCount")
        assert answer.data["wallets"] == {"totalCount": 5}


async def test_an_administrator_lists_what_is_everyones(rich_client: Rich, administrator: Api) -> None:
    shop, wallets, operations = rich_client
    cursor = (await listed(shop.client, "operations", "first: 1, orderBy: OLDEST_FIRST"))["pageInfo"]
    arguments = f'first: 100, orderBy: OLDEST_FIRST, after: "{cursor["startCursor"]}"'
    found = [node["id"] for node in (await listed(administrator, "operations", arguments))["nodes"]]
    assert set(operations[1:]) <= set(found)
    start = (await listed(shop.client, "wallets", "first: 1"))["pageInfo"]["startCursor"]
    everyones = await listed(administrator, "wallets", f'first: 100, after: "{start}"')
    assert {*wallets[1:], shop.till["id"]} <= {node["id"] for node in everyones["nodes"]}
    total = await administrator.ask("{ wallets { totalCount } }")
    assert total.data["wallets"]["totalCount"] > 6


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "arguments", ["first: 101", "first: -1", "last: 101", "last: -1", "first: 1, last: 1"]
)
async def test_a_page_has_0_to_100_items_from_one_end(rich_client: Rich, name: str, arguments: str) -> None:
    answer = await ask(rich_client[0], name, arguments)
    assert answer.error_codes == ["BAD_USER_INPUT"]
    assert answer.status == 200


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "arguments", ["first: 0", "last: 0", "first: 100", "last: 100", "first: null, last: null"]
)
async def test_the_limits_themselves_are_taken(rich_client: Rich, name: str, arguments: str) -> None:
    answer = await ask(rich_client[0], name, arguments)
    assert answer.error_codes == []


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


GARBAGE = ["", " ", "x", "p5", "!!!!", "A" * 5000, "é", "\U0001f36a", "=", "==="]
GARBAGE += [
    encoded(mark + key) for mark in "how" for key in ("", "-1", "NaN", "1e3", "5\0", "9" * 20, "9" * 5000)
]
GARBAGE += [encoded(text) for text in ("", "5", "wwal_1", "o; DROP TABLE wallets", "h\u0665")]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("place", ["after", "before"])
async def test_a_cursor_that_is_none_is_bad_user_input(rich_client: Rich, name: str, place: str) -> None:
    shop, _, _ = rich_client
    query = (LISTS[name] % (f"{place}: $cursor", "edges { cursor }")).replace(
        "query (", "query ($cursor: String, "
    )
    for cursor in GARBAGE:
        answer = await shop.client.ask(query, token=shop.purse["token"], cursor=cursor)
        assert answer.error_codes == ["BAD_USER_INPUT"], cursor
        assert cursor == "" or len(cursor) < 3 or cursor not in answer.body["errors"][0]["message"]


async def test_another_lists_cursor_is_none(rich_client: Rich) -> None:
    shop, _, _ = rich_client
    cursors: dict[str, str] = {}
    for name in LISTS:
        data = (await ask(shop, name, "first: 1")).data
        page = data["wallet"]["history"] if name == "history" else data[name]
        cursors[name] = page["edges"][0]["cursor"]
    for name in LISTS:
        for origin, cursor in cursors.items():
            answer = await ask(shop, name, f'after: "{cursor}"')
            assert answer.error_codes == ([] if origin == name else ["BAD_USER_INPUT"]), (origin, name)


async def test_a_cursor_holds_a_position_and_no_right(rich_client: Rich, shop: Shop) -> None:
    """Another's cursor of the same list shows only what is one's own."""
    rich, _, _ = rich_client
    theirs = (await listed(rich.client, "operations", "first: 1, orderBy: OLDEST_FIRST"))["pageInfo"][
        "endCursor"
    ]
    mine = await listed(shop.client, "operations", f'after: "{theirs}", orderBy: OLDEST_FIRST')
    own = await listed(shop.client, "operations", "first: 100")
    assert [node["id"] for node in mine["nodes"]] == [node["id"] for node in own["nodes"]]


async def test_signed_out_there_are_no_lists(anyone: Api) -> None:
    for name in ("operations", "wallets"):
        answer = await anyone.ask(f"{{ {name} {{ edges {{ cursor }} }} }}")
        assert answer.error_codes == ["UNAUTHENTICATED"]
        assert answer.body["data"] is None
