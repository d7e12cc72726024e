"""Wallets by currency, state, owner and name: one's own, an account's, everyone's."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from tests.client import PASSWORD, Api
from tests.service.test_pages import walk

ALL = "filter: { %s }"


@dataclass(frozen=True, slots=True)
class Holder:
    """A client with four wallets: `ids` by their names, without the mark that all names bear."""

    api: Api
    email: str
    account: str
    mark: str
    ids: dict[str, str]


@pytest.fixture
async def holder(anyone: Api, administrator: Api) -> Holder:
    mark = secrets.token_hex(8)
    email = f"{mark}@example.com"
    api = await anyone.sign_up_client(email=email)
    wallets = {
        name: await api.create_wallet(name=f"{name} {mark}", currency=currency)
        for name, currency in (
            ("Purse", "USD"),
            ("Ferien ÜBER 100% _alles_", "EUR"),
            ("frozen purse", "EUR"),
            ("closed", "USD"),
        )
    }
    await api.change("closeWallet", wallet=wallets["closed"]["token"])
    await administrator.change("freezeWallet", wallet={"id": wallets["frozen purse"]["id"]})
    account = (await api.ask("{ viewer { id } }")).data["viewer"]["id"]
    return Holder(api, email, account, mark, {name: wallet["id"] for name, wallet in wallets.items()})


CONDITIONS = {
    "": ["Purse", "Ferien ÜBER 100% _alles_", "frozen purse", "closed"],
    "currencies: null, statuses: null, owner: null, text: null": [
        *("Purse", "Ferien ÜBER 100% _alles_", "frozen purse", "closed")
    ],
    "currencies: [USD]": ["Purse", "closed"],
    "currencies: EUR": ["Ferien ÜBER 100% _alles_", "frozen purse"],
    "currencies: [USD, EUR, JPY], statuses: [FROZEN, CLOSED]": ["frozen purse", "closed"],
    "currencies: [JPY]": [],
    "currencies: []": [],
    "currencies: [NOSUCH]": [],
    "statuses: [ACTIVE]": ["Purse", "Ferien ÜBER 100% _alles_"],
    "statuses: [FROZEN]": ["frozen purse"],
    "statuses: CLOSED, currencies: EUR": [],
    'text: "PURSE"': ["Purse", "frozen purse"],
    'text: "purse", currencies: EUR': ["frozen purse"],
    'text: "über"': ["Ferien ÜBER 100% _alles_"],
    'text: "0% _a"': ["Ferien ÜBER 100% _alles_"],
    'text: "%"': ["Ferien ÜBER 100% _alles_"],
    'text: "c_o"': [],
    'text: ""': ["Purse", "Ferien ÜBER 100% _alles_", "frozen purse", "closed"],
    'text: "\'; DROP TABLE wallets; --"': [],
    "owner: $MINE": ["Purse", "Ferien ÜBER 100% _alles_", "frozen purse", "closed"],
    "owner: $MINE, statuses: FROZEN": ["frozen purse"],
    'owner: "cli_00000000000000000000000000000000"': [],
    'owner: "nothing"': [],
    'owner: ""': [],
}


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
async def test_all_conditions_must_hold(holder: Holder, administrator: Api, backward: bool) -> None:
    for condition, names in CONDITIONS.items():
        wanted = condition.replace("$MINE", f'"{holder.account}"')
        expected = [holder.ids[name] for name in names]
        for size in (1, 3, 100):
            found = await walk(holder.api, "wallets", size, ALL % wanted, backward=backward)
            assert found == expected, condition
        assert await count(holder.api, f"wallets(filter: {{ {wanted} }})") == len(expected), condition
        # For an administrator, among everyone's.
        if "owner:" not in wanted:
            wanted = f'owner: "{holder.account}" {wanted}'
        if "owner: null" not in wanted:
            assert await walk(administrator, "wallets", 3, ALL % wanted, backward=backward) == expected
            assert await count(administrator, f"wallets(filter: {{ {wanted} }})") == len(expected)


async def test_an_administrator_finds_wallets_by_their_names_among_all(
    holder: Holder, administrator: Api
) -> None:
    for text in (holder.mark, holder.mark.upper(), f"purse {holder.mark}"):
        found = await walk(administrator, "wallets", 2, ALL % f'text: "{text}"')
        expected = [wallet for name, wallet in holder.ids.items() if " " not in text or "urse" in name]
        assert found == expected
    frozen = await walk(administrator, "wallets", 2, ALL % f'text: "{holder.mark}", statuses: FROZEN')
    assert frozen == [holder.ids["frozen purse"]]
    assert await count(administrator, f'wallets(filter: {{ text: "{holder.mark}" }})') == 4


async def test_anothers_wallets_are_as_those_that_do_not_exist(holder: Holder, anyone: Api) -> None:
    for stranger in (await anyone.sign_up_client(), await anyone.sign_up_company()):
        await stranger.create_wallet(name=holder.mark)
        for wanted in (f'owner: "{holder.account}"', 'owner: "cli_00000000000000000000000000000000"'):
            answer = await stranger.ask(
                f"{{ wallets(filter: {{ {wanted} }}) "
                "{ nodes { id } totalCount pageInfo { hasNextPage endCursor } } }"
            )
            page = {"hasNextPage": False, "endCursor": None}
            assert answer.data["wallets"] == {"nodes": [], "totalCount": 0, "pageInfo": page}
        assert len(await walk(stranger, "wallets", 2, ALL % f'text: "{holder.mark}"')) == 1
        assert (await stranger.ask(f'{{ account(id: "{holder.account}") {{ id }} }}')).data == {
            "account": None
        }


@pytest.mark.parametrize("reader", ["owner", "administrator"])
async def test_an_account_leads_to_its_wallets(holder: Holder, administrator: Api, reader: str) -> None:
    api = holder.api if reader == "owner" else administrator
    ids = list(holder.ids.values())
    first = await account(api, holder.account, "first: 3")
    assert [node["id"] for node in first["nodes"]] == ids[:3]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    rest = await account(api, holder.account, f'after: "{first["pageInfo"]["endCursor"]}"')
    assert [node["id"] for node in rest["nodes"]] == ids[3:]
    back = await account(api, holder.account, f'last: 2, before: "{rest["edges"][0]["cursor"]}"')
    assert [node["id"] for node in back["nodes"]] == ids[1:3]
    filtered = await account(api, holder.account, "filter: { statuses: FROZEN }")
    assert ([node["id"] for node in filtered["nodes"]], filtered["totalCount"]) == (ids[2:3], 1)
    # Of another's account it is nobody else's.
    other = f'filter: {{ owner: "{(await api.ask("{ viewer { id } }")).data["viewer"]["id"]}" }}'
    assert len((await account(api, holder.account, other))["nodes"]) == (4 if reader == "owner" else 0)


async def account(api: Api, account_id: str, arguments: str) -> Any:
    page = "nodes { id } edges { cursor } totalCount pageInfo { hasNextPage endCursor }"
    answer = await api.ask(f'{{ account(id: "{account_id}") {{ wallets({arguments}) {{ {page} }} }} }}')
    return answer.data["account"]["wallets"]


async def test_the_viewer_has_the_wallets_that_the_list_has(holder: Holder, administrator: Api) -> None:
    answer = await holder.api.ask(
        "{ viewer { wallets { nodes { id token } } } wallets { nodes { id token } } }"
    )
    assert answer.data["viewer"]["wallets"] == answer.data["wallets"]
    assert len(answer.data["wallets"]["nodes"]) == 4
    own = await administrator.ask("{ viewer { wallets { nodes { id } totalCount } } }")
    assert own.data["viewer"]["wallets"] == {"nodes": [], "totalCount": 0}


async def test_a_session_counts_from_the_next_request_on(holder: Holder, anyone: Api) -> None:
    answer = await anyone.ask(
        "mutation ($input: LogInInput!) { logIn(input: $input) { token account { id wallets { totalCount } } } }",
        input={"email": holder.email, "password": PASSWORD},
    )
    logged_in = answer.data["logIn"]
    assert logged_in["account"] == {"id": holder.account, "wallets": None}
    api = Api(anyone.http, logged_in["token"])
    assert (await account(api, holder.account, "first: 0"))["totalCount"] == 4


@pytest.mark.parametrize("text", ["x" * 256, "\U0001f36a" * 256, "x" * 100_000], ids=len)
async def test_a_text_that_fits_no_name_is_bad_user_input(holder: Holder, text: str) -> None:
    query = "query ($text: String) { wallets(filter: { text: $text }) { totalCount } }"
    answer = await holder.api.ask(query, text=text)
    assert answer.error_codes == ["BAD_USER_INPUT"]
    assert text not in answer.body["errors"][0]["message"]
    assert (await holder.api.ask(query, text=text[:255])).data == {"wallets": {"totalCount": 0}}


@pytest.mark.parametrize(
    "wanted",
    ["currencies: [usd]", "statuses: [OPEN]", "owner: {}", "text: 5", "nothing: 1", "currencies: [null]"],
)
async def test_what_is_no_filter_is_bad_user_input(holder: Holder, wanted: str) -> None:
    answer = await holder.api.ask(f"{{ wallets(filter: {{ {wanted} }}) {{ totalCount }} }}")
    assert answer.error_codes == ["BAD_USER_INPUT"]


async def count(api: Api, listed: str) -> int:
    found: int = (await api.ask(f"{{ {listed} {{ totalCount }} }}")).data["wallets"]["totalCount"]
    return found
