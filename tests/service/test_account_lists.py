"""All accounts, for administrators: by pages, by role, by time and by what they are called."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from tests.client import PASSWORD, Api
from tests.service.scene import DELETE
from tests.service.shop import Shop
from tests.service.test_pages import GARBAGE, listed, walk

# No account but those made here has these letters.
LETTERS = "ȾẔ"
SHOWN = """
  __typename id email role createdAt
  ... on Client { firstName lastName phoneNumber }
  ... on Company { name url firstName lastName phoneNumber }
  ... on DeletedAccount { deletedAt }
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Accounts by a name that only the tests know: `ids` in the order in which they signed up."""

    mark: str
    apis: dict[str, Api]
    ids: dict[str, str]
    created: dict[str, str]


@pytest.fixture(scope="module")
async def crowd(quiet_shop: Shop) -> Crowd:
    """Three clients and two companies, and one that is deleted; all but that have the mark in the e-mail address."""
    anyone = Api(quiet_shop.client.http)
    mark = secrets.token_hex(6)
    apis = {
        "ada": await anyone.sign_up_client(email=f"Ada.{mark}@Example.com", lastName=f"Mc{LETTERS}Lovelace"),
        "müller": await anyone.sign_up_client(
            email=f"jm_{mark}@example.com", firstName="Jürgen", lastName="MÜLLER"
        ),
        "bakery": await anyone.sign_up_company(
            email=f"shop+{mark}@example.com",
            name=f"Bäckerei 100% {mark[:9]}",
            firstName="Grace",
            lastName="Hopper",
        ),
        "deleted": await anyone.sign_up_client(email=f"gone.{mark}@example.com"),
        "street": await anyone.sign_up_company(email=f"{mark}@street.example.com", name="Große Straße"),
        "weiss": await anyone.sign_up_client(email=f"last.{mark}@example.com", lastName="Weiß"),
    }
    viewers = {
        name: (await api.ask("{ viewer { id createdAt } }")).data["viewer"] for name, api in apis.items()
    }
    assert (await apis["deleted"].ask(DELETE, password=PASSWORD)).data["deleteAccount"]["userErrors"] == []
    return Crowd(
        mark,
        apis,
        {name: viewer["id"] for name, viewer in viewers.items()},
        {name: viewer["createdAt"] for name, viewer in viewers.items()},
    )


EVERYONE = ["ada", "müller", "bakery", "street", "weiss"]
# By each condition, beside that the mark is in the e-mail address, who is found; `$name` is when they signed up.
CONDITIONS = {
    "roles: [CLIENT]": ["ada", "müller", "weiss"],
    "roles: COMPANY": ["bakery", "street"],
    "roles: [COMPANY, ADMIN, CLIENT]": EVERYONE,
    "roles: [ADMIN]": [],
    "roles: []": [],
    "roles: null, from: null, to: null": EVERYONE,
    'from: "$bakery"': ["bakery", "street", "weiss"],
    'to: "$bakery"': ["ada", "müller"],
    'from: "$müller", to: "$street"': ["müller", "bakery"],
    'from: "$müller", to: "$weiss", roles: COMPANY': ["bakery", "street"],
    'from: "$street", to: "$bakery"': [],
    'from: "9999-12-31T23:59:59Z"': [],
    'to: "0001-01-01T00:00:00Z"': [],
}
# By what is looked for alone. The letters are two: too few for the index.
TEXTS = {
    "$mark": EVERYONE,
    "ada.$MARK@exAMPLE": ["ada"],
    "shop+$mark": ["bakery"],
    "jm_$mark": ["müller"],
    # Neither is a wildcard.
    "sho__$mark": [],
    "%$mark": [],
    "0% $mark9": ["bakery"],
    "bÄCKEREI 100% $mark9": ["bakery"],
    LETTERS: ["ada"],
    LETTERS.lower(): ["ada"],
    f"Ada Mc{LETTERS}": ["ada"],
    "gone.$mark": [],
    # No part of one text alone.
    "Lovelace Ada.$mark": [],
}


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
async def test_all_conditions_must_hold(crowd: Crowd, administrator: Api, backward: bool) -> None:
    for condition, names in CONDITIONS.items():
        wanted = f'text: "{crowd.mark}", {condition}'
        for name, created in crowd.created.items():
            wanted = wanted.replace(f"${name}", created)
        expected = [crowd.ids[name] for name in names]
        for size in (1, 2, 5, 100):
            found = await walk(administrator, "accounts", size, f"filter: {{ {wanted} }}", backward=backward)
            assert found == expected, condition
        assert await count(administrator, f"filter: {{ {wanted} }}") == len(expected), condition


@pytest.mark.parametrize("text", TEXTS)
async def test_who_is_found_by_which_text(crowd: Crowd, administrator: Api, text: str) -> None:
    looked_for = (
        text.replace("$mark9", crowd.mark[:9])
        .replace("$mark", crowd.mark)
        .replace("$MARK", crowd.mark.upper())
    )
    wanted = f'filter: {{ text: "{looked_for}" }}'
    expected = [crowd.ids[name] for name in TEXTS[text]]
    assert await walk(administrator, "accounts", 2, wanted) == expected
    assert await walk(administrator, "accounts", 3, wanted, backward=True) == expected
    assert await count(administrator, wanted) == len(expected)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jÜRGEN müller", "müller"),
        ("große strasse", "street"),
        ("GROSSE STRAẞE", "street"),
        ("Ada Weiss", "weiss"),
    ],
)
async def test_case_makes_no_difference_in_any_script(
    crowd: Crowd, administrator: Api, text: str, name: str
) -> None:
    # Others' tests may have made some of that name.
    wanted = f'from: "{crowd.created["ada"]}", text: "{text}"'
    assert crowd.ids[name] in await walk(administrator, "accounts", 100, f"filter: {{ {wanted} }}")


async def test_everyone_is_listed_without_a_filter(crowd: Crowd, administrator: Api) -> None:
    everyone = await walk(administrator, "accounts", 100)
    assert await walk(administrator, "accounts", 100, backward=True) == everyone
    assert [found for found in everyone if found in crowd.ids.values()] == list(crowd.ids.values())
    assert (await administrator.ask("{ viewer { id } }")).data["viewer"]["id"] in everyone
    assert await count(administrator, "first: 0") == len(everyone)


async def test_what_is_shown_of_each(crowd: Crowd, administrator: Api) -> None:
    after = (await listed(administrator, "accounts", f'first: 1, filter: {{ text: "{crowd.mark}" }}'))[
        "pageInfo"
    ]
    answer = await administrator.ask(
        f'{{ accounts(first: 5, after: "{after["endCursor"]}") {{ nodes {{ {SHOWN} }} }} }}'
    )
    müller, bakery, deleted, _, weiss = answer.data["accounts"]["nodes"]
    assert müller == {
        "__typename": "Client",
        "id": crowd.ids["müller"],
        "email": f"jm_{crowd.mark}@example.com",
        "role": "CLIENT",
        "createdAt": crowd.created["müller"],
        "firstName": "Jürgen",
        "lastName": "MÜLLER",
        "phoneNumber": "+4915112345678",
    }
    assert (bakery["__typename"], bakery["name"]) == ("Company", f"Bäckerei 100% {crowd.mark[:9]}")
    assert (bakery["firstName"], bakery["url"]) == ("Grace", "https://shop.example.com")
    assert deleted.pop("deletedAt") > crowd.created["deleted"]
    assert deleted == {
        "__typename": "DeletedAccount",
        "id": crowd.ids["deleted"],
        "email": "deleted",
        "role": "CLIENT",
        "createdAt": crowd.created["deleted"],
    }
    assert weiss["id"] == crowd.ids["weiss"]
    assert "argon2" not in str(answer.body)


async def test_a_deleted_account_leads_to_what_is_left(anyone: Api, administrator: Api) -> None:
    client = await anyone.sign_up_client()
    wallet = await client.create_wallet(name="Purse")
    account_id = (await client.ask("{ viewer { id } }")).data["viewer"]["id"]
    assert (await client.ask(DELETE, password=PASSWORD)).data["deleteAccount"]["userErrors"] == []
    for field in ("account", "node"):
        answer = await administrator.ask(
            f'{{ {field}(id: "{account_id}") {{ '
            "... on DeletedAccount { email wallets { nodes { id name status } } } } }"
        )
        left = {"id": wallet["id"], "name": None, "status": "CLOSED"}
        assert answer.data[field] == {"email": "deleted", "wallets": {"nodes": [left]}}
        for stranger in (anyone, await anyone.sign_up_client()):
            asked = await stranger.ask(f'{{ {field}(id: "{account_id}") {{ id }} }}')
            assert (asked.body["data"] or {field: None})[field] is None


async def test_an_id_of_another_kind_is_nobodys(crowd: Crowd, administrator: Api) -> None:
    for name, kind in (("ada", "com"), ("bakery", "cli"), ("ada", "adm"), ("ada", "wal"), ("ada", "op")):
        wrong = f"{kind}_{crowd.ids[name].partition('_')[2]}"
        assert (await administrator.ask(f'{{ account(id: "{wrong}") {{ id }} }}')).data == {"account": None}
    for nothing in ("", "nothing", "cli_" + "0" * 32):
        assert (await administrator.ask(f'{{ account(id: "{nothing}") {{ id }} }}')).data == {"account": None}


async def test_one_goes_on_from_an_account_to_its_wallets_and_their_history(
    crowd: Crowd, administrator: Api
) -> None:
    wallet = await crowd.apis["ada"].create_wallet(name="Purse")
    await crowd.apis["ada"].deposit(wallet["token"], "5", summary="Pocket money")
    answer = await administrator.ask(
        f'{{ accounts(filter: {{ text: "ada.{crowd.mark}" }}) {{ nodes {{ wallets(last: 3) {{ nodes {{'
        " id token balance { amount } history(first: 3) { nodes { summary } } } } } } }"
    )
    (found,) = answer.data["accounts"]["nodes"]
    assert found["wallets"]["nodes"][-1] == {
        "id": wallet["id"],
        "token": wallet["token"],
        "balance": {"amount": "5.00"},
        "history": {"nodes": [{"summary": "Pocket money"}]},
    }


async def test_nobody_but_administrators_is_told_anything(crowd: Crowd, anyone: Api) -> None:
    for api, code in (
        (anyone, "UNAUTHENTICATED"),
        *((crowd.apis[name], "FORBIDDEN") for name in ("ada", "bakery")),
    ):
        # Also what would otherwise be refused for another reason.
        for arguments in ("first: 1", "first: 101", 'after: "x"', f'filter: {{ text: "{"x" * 300}" }}'):
            answer = await api.ask(f"{{ accounts({arguments}) {{ totalCount nodes {{ id }} }} }}")
            assert answer.error_codes == [code]
            assert answer.body["data"] is None


async def test_a_cursor_of_another_list_is_none(crowd: Crowd, administrator: Api) -> None:
    lists = ("accounts", "wallets", "operations")
    cursors = {
        name: (await listed(administrator, name, "last: 1"))["pageInfo"]["endCursor"] for name in lists
    }
    for name in lists:
        for origin, cursor in cursors.items():
            for place in ("after", "before"):
                answer = await administrator.ask(
                    f'{{ {name}({place}: "{cursor}") {{ edges {{ cursor }} }} }}'
                )
                assert answer.error_codes == ([] if origin == name else ["BAD_USER_INPUT"]), (origin, name)
    query = "query ($cursor: String) { accounts(after: $cursor) { edges { cursor } } }"
    for garbage in GARBAGE:
        assert (await administrator.ask(query, cursor=garbage)).error_codes == ["BAD_USER_INPUT"]


BAD = ["first: 101", "last: 101", "first: -1", "first: 1, last: 1", "filter: 1"]
BAD += [
    f"filter: {{ {wanted} }}" for wanted in ("roles: [OWNER]", "text: 1", 'from: "today"', "role: CLIENT")
]


@pytest.mark.parametrize("arguments", BAD)
async def test_bad_input_gets_a_clear_error(administrator: Api, arguments: str) -> None:
    answer = await administrator.ask(f"{{ accounts({arguments}) {{ totalCount }} }}")
    assert answer.error_codes == ["BAD_USER_INPUT"]


async def test_a_text_is_of_any_255_characters(administrator: Api) -> None:
    query = "query ($text: String) { accounts(filter: { text: $text }) { nodes { id } totalCount } }"
    for character in ("x", "\U0001f36a", "ß", "%", "\\", "\n", "'", "ﷺ"):
        nothing: Any = {"accounts": {"nodes": [], "totalCount": 0}}
        assert (await administrator.ask(query, text=character * 255)).data == nothing
        assert (await administrator.ask(query, text=character * 256)).error_codes == ["BAD_USER_INPUT"]
    assert (await administrator.ask(query, text="a\0b")).error_codes != []


async def count(administrator: Api, arguments: str) -> int:
    found: int = (await administrator.ask(f"{{ accounts({arguments}) {{ totalCount }} }}")).data["accounts"][
        "totalCount"
    ]
    return found
