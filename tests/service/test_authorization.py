"""Every field and argument of the schema, asked for by everyone: who gets it, and what the others get instead."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from schema.root import schema
from tests.client import PASSWORD, Api
from tests.databases import copy_database
from tests.running import Service, running_service
from tests.service import access
from tests.service.access import ADMIN, ARGUMENTS, FIELDS, PAYLOADS, ROUTES, Reader
from tests.service.conftest import ADMINISTRATOR
from tests.service.scene import Scene, log_in, set_scene
from tests.service.shop import refusal, succeeded

TYPES = {
    name: kind
    for name, kind in schema._schema.type_map.items()
    if not name.startswith("__")
    and isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
}


@pytest.fixture(scope="module")
def service(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One without a worker, which would take the withdrawal to the bank while it is looked at."""
    settings = {
        "PURSER_DATABASE_URL": copy_database(template_dsn, "authorization"),
        "PURSER_ADMIN_EMAIL": ADMINISTRATOR,
        "PURSER_ADMIN_PASSWORD": PASSWORD,
    }
    with running_service(tmp_path_factory.mktemp("authorization"), workers=1, settings=settings) as service:
        yield service


@pytest.fixture(scope="module")
async def scene(service: Service) -> AsyncIterator[Scene]:
    """A charge between the owner and a company, and everyone who has nothing to do with it."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield await set_scene(Api(http), ADMINISTRATOR, service.dsn)


def test_every_field_has_an_entry() -> None:
    fields = {
        f"{name}.{field}"
        for name, kind in TYPES.items()
        if not isinstance(kind, GraphQLInputObjectType)
        for field in kind.fields
    }
    payloads = {f"{name}.{field}" for name, listed in PAYLOADS.items() for field in listed.split()}
    assert fields == set(FIELDS) | payloads
    assert set(ROUTES) == {name.partition(".")[0] for name in FIELDS} - {"Query", "Mutation"}


def test_every_argument_and_input_field_has_an_entry() -> None:
    names = set()
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLInputObjectType):
            names |= {f"{name}.{field}" for field in kind.fields}
        elif name == "Mutation":
            assert all(set(field.args) <= {"input", "inputs", "atomic"} for field in kind.fields.values())
        else:
            names |= {f"{name}.{at}({of})" for at, field in kind.fields.items() for of in field.args}
    harmless = {
        f"{name}.{field}" for name, listed in access.NAMING_NOTHING.items() for field in listed.split()
    }
    naming = {*access.NAMING_A_WALLET, *access.NAMING_AN_OPERATION}
    assert names == set(ARGUMENTS) | naming | harmless


def _asked_for(field_name: str, field: GraphQLField) -> str:
    # Arguments that can't be left out are instants.
    required = [name for name, argument in field.args.items() if is_required_argument(argument)]
    arguments = ", ".join(f'{name}: "9999-01-01T00:00:00Z"' for name in required)
    asked = f"{field_name}({arguments})" if arguments else field_name
    return f"{asked} {{ __typename }}" if is_composite_type(get_named_type(field.type)) else asked


def _values(data: Any, name: str) -> list[Any]:
    """Every value that stands under that name in an answer; empty lists and counts of zero are none."""
    if isinstance(data, list):
        return [value for item in data for value in _values(item, name)]
    if not isinstance(data, dict):
        return []
    found = [value for key, item in data.items() if key != name for value in _values(item, name)]
    value = data.get(name)
    is_empty = value is None or value == [] or (type(value) is int and value == 0)
    return found if is_empty else [*found, value]


def _codes(reader: Reader, selection: str) -> list[str]:
    """The error codes of an answer to a query of this selection."""
    if reader is Reader.ANONYMOUS:
        return [] if selection.startswith("currencies") else ["UNAUTHENTICATED"]
    is_refused = selection.startswith(access.REFUSED) and reader is not Reader.ADMIN
    return ["FORBIDDEN"] if is_refused else []


@pytest.mark.parametrize("reader", Reader)
async def test_who_gets_which_field(scene: Scene, reader: Reader) -> None:
    wrong = []
    for name, readers in FIELDS.items():
        kind_name, _, field_name = name.partition(".")
        if kind_name in ("Query", "Mutation"):
            continue
        kind = TYPES[kind_name]
        assert not isinstance(kind, GraphQLInputObjectType)
        route = access.ROUTES_OF_FIELDS.get(name, ROUTES[kind_name])
        before, _, after = route.rpartition("...")
        selection = before + _asked_for(field_name, kind.fields[field_name]) + after
        answer = await scene.ask(reader, selection)
        if answer.error_codes != _codes(reader, route):
            wrong.append((name, answer.error_codes))
        if bool(_values(answer.body.get("data"), field_name)) != (reader in readers):
            wrong.append((name, answer.body))
    assert wrong == []


@pytest.mark.parametrize("reader", Reader)
async def test_who_gets_what_by_which_argument(scene: Scene, reader: Reader) -> None:
    wrong = []
    marks = {scene.variables[name] for name in ("wallet", "operation")} | {scene.wallet_token}
    for name, (selection, readers) in ARGUMENTS.items():
        answer = await scene.ask(reader, selection)
        seen = any(mark in str(answer.body) for mark in marks)
        if seen != (reader in readers):
            wrong.append((name, answer.body))
        if answer.error_codes != _codes(reader, selection):
            wrong.append((name, answer.error_codes))
    assert wrong == []


@pytest.mark.parametrize("reader", Reader)
async def test_who_finds_what_at_the_root(scene: Scene, reader: Reader) -> None:
    for name, selection in {
        "viewer": "viewer { id }",
        "currencies": "currencies { code }",
        "wallet": "wallet(token: $token) { id }",
        "wallets": "wallets(first: 50, after: $walletBefore) { nodes { id } }",
        "operation": "operation(id: $operation) { id }",
        "operations": "operations(orderBy: OLDEST_FIRST, after: $operationBefore) { nodes { id } }",
        "node": "node(id: $wallet) { id }",
        "account": "account(id: $account) { id }",
        "accounts": "accounts(first: 1) { nodes { id } }",
        "withdrawals": "withdrawals(after: $newest) { nodes { id } }",
        "position": "position { currency }",
    }.items():
        answer = await scene.ask(reader, selection)
        assert answer.error_codes == _codes(reader, "currencies" if name == "viewer" else selection), name
        found = _values(answer.body["data"], {"currencies": "code", "position": "currency"}.get(name, "id"))
        assert bool(found) == (reader in FIELDS[f"Query.{name}"]), name


@pytest.mark.parametrize("reader", Reader)
async def test_the_viewer_is_oneself(scene: Scene, reader: Reader) -> None:
    answer = await scene.ask(reader, "viewer { __typename email role }")
    if reader is Reader.ANONYMOUS:
        assert answer.body == {"data": {"viewer": None}}
        return
    kind = {Reader.OWNER: "Client", Reader.CLIENT: "Client", Reader.ADMIN: "Administrator"}.get(
        reader, "Company"
    )
    role = "ADMIN" if reader is Reader.ADMIN else kind.upper()
    assert answer.data["viewer"] == {"__typename": kind, "email": scene.emails[reader], "role": role}


MUTATIONS = {
    "signUpClient": 'email: "", password: "", firstName: "", lastName: "", phoneNumber: ""',
    "signUpCompany": 'email: "", password: "", name: "", url: "", firstName: "", lastName: "", phoneNumber: ""',
    "logIn": 'email: "nobody-NAME@example.com", password: "wrong"',
    "changePassword": 'currentPassword: "wrong", newPassword: "another-horse-7"',
    "createWallet": 'currency: "ZZZ"',
    "deposit": 'wallet: "nothing", amount: "1"',
    "charge": 'wallet: "nothing", amount: "1", summary: ""',
    "transfer": 'from: "nothing", to: { id: "nothing" }, amount: "1"',
    "refund": 'operation: "nothing"',
    "authorize": 'wallet: "nothing", amount: "1", summary: ""',
    "capture": 'authorization: "nothing"',
    "release": 'authorization: "nothing"',
    "withdraw": 'wallet: "nothing", amount: "1", destination: "NL91ABNA0417164300"',
    "cancelWithdrawal": 'withdrawal: "nothing"',
    "renameWallet": 'wallet: "nothing"',
    "closeWallet": 'wallet: "nothing"',
    "rotateWalletToken": 'wallet: "nothing"',
    "freezeWallet": 'wallet: { token: "nothing" }',
    "unfreezeWallet": 'wallet: { id: "nothing" }',
    "deleteAccount": 'password: "wrong"',
    "exportHistory": 'wallet: "nothing"',
    "updateRates": "rates: []",
}
MANY = {f"{name}Many": MUTATIONS[name] for name in ("deposit", "charge", "transfer")}


@pytest.mark.parametrize("reader", Reader)
async def test_who_may_do_what(scene: Scene, reader: Reader) -> None:
    assert {*MUTATIONS, *MANY, "logOut"} == {
        name.partition(".")[2] for name in FIELDS if name.startswith("Mutation.")
    }
    # Each fails to log in as somebody else, lest the guard against guessing answers.
    calls = {
        name: f"{name}(input: {{ {asked.replace('NAME', reader.name)} }}) {{ userErrors {{ code }} }}"
        for name, asked in MUTATIONS.items()
    } | {
        name: f"{name}(inputs: [{{ {asked} }}]) {{ outcomes {{ userErrors {{ code }} }} }}"
        for name, asked in MANY.items()
    }
    for name, call in calls.items():
        answer = await scene.apis[reader].ask(f"mutation {{ {call} }}")
        if reader in FIELDS[f"Mutation.{name}"]:
            assert _values(answer.data[name], "code") != [], name
        else:
            code = "UNAUTHENTICATED" if reader is Reader.ANONYMOUS else "FORBIDDEN"
            assert answer.error_codes == [code], name
            assert answer.body["errors"][0]["extensions"]["executed"] == "NO"
            assert answer.body["data"] is None


@pytest.mark.parametrize("reader", Reader)
async def test_who_may_log_out(scene: Scene, reader: Reader) -> None:
    if reader is Reader.ANONYMOUS:
        answer = await scene.apis[reader].ask("mutation { logOut { userErrors { code } } }")
        assert answer.error_codes == ["UNAUTHENTICATED"]
        return
    session = await log_in(scene.apis[Reader.ANONYMOUS], scene.emails[reader])
    assert (await session.ask("mutation { logOut { userErrors { code } } }")).data == {
        "logOut": {"userErrors": []}
    }
    ended = await session.ask("{ viewer { id } }")
    assert (ended.status, ended.error_codes) == (401, ["UNAUTHENTICATED"])
    # The other session of the same account goes on.
    assert (await scene.ask(reader, "viewer { id }")).data["viewer"] is not None


@pytest.mark.parametrize("reader", sorted(access.HOLDERS))
async def test_whose_wallet_may_be_named(scene: Scene, reader: Reader) -> None:
    """The refusal to all others is that of a wallet that does not exist."""
    api = scene.apis[reader]
    key = "the same key for everyone"
    deposited = await api.deposit(scene.wallet_token, "1", idempotencyKey=key)
    _is_named_by(deposited, reader, "DepositInput.wallet", ("WALLET_NOT_FOUND", ["wallet"]))
    withdrawn = await api.withdraw(scene.wallet_token, "0.10", idempotencyKey=key + " out")
    if reader in access.NAMING_A_WALLET["WithdrawInput.wallet"]:
        assert withdrawn["operation"]["status"] == "PENDING"
    else:
        assert refusal(withdrawn) == ("WALLET_NOT_FOUND", ["wallet"])
        assert withdrawn["operation"] is withdrawn["wallet"] is None
    if reader not in access.COMPANIES:
        return
    charged = await api.charge(scene.wallet_token, "1", idempotencyKey=key + "!")
    _is_named_by(charged, reader, "ChargeInput.wallet", ("WALLET_REQUIRED", ["into"]))
    into = await api.charge(scene.wallet_token, "1", into=scene.till_token, idempotencyKey=key + "!!")
    _is_named_by(into, reader, "ChargeInput.into", ("WALLET_NOT_FOUND", ["into"]))
    held = await api.authorize(scene.wallet_token, "0.10")
    _is_named_by(held, reader, "AuthorizeInput.wallet", ("WALLET_REQUIRED", ["into"]))
    held = await api.authorize(scene.wallet_token, "0.10", into=scene.till_token)
    _is_named_by(held, reader, "AuthorizeInput.into", ("WALLET_NOT_FOUND", ["into"]))


@pytest.mark.parametrize("reader", sorted(access.HOLDERS))
async def test_whose_wallet_may_be_changed(scene: Scene, reader: Reader) -> None:
    api, purse = scene.apis[reader], scene.wallet_token
    sent = await api.transfer(purse, {"token": scene.till_token}, "0.10")
    _is_named_by(sent, reader, "TransferInput.from", ("WALLET_NOT_FOUND", ["from"]))
    # The owner's is not empty: closing it is refused for that.
    for mutation, code in (("renameWallet", None), ("closeWallet", "WALLET_NOT_EMPTY")):
        answer = await api.change(mutation, wallet=purse)
        is_allowed = reader in access.NAMING_A_WALLET[f"{mutation[0].upper()}{mutation[1:]}Input.wallet"]
        expected = [code] * (code is not None) if is_allowed else ["WALLET_NOT_FOUND"]
        assert [error["code"] for error in answer["userErrors"]] == expected
        assert (answer["wallet"] is None) == (expected != [])
    if reader is not Reader.OWNER:
        (error,) = (await api.change("rotateWalletToken", wallet=purse))["userErrors"]
        assert error == {"code": "WALLET_NOT_FOUND", "field": ["wallet"]}


@pytest.mark.parametrize("reader", sorted(access.HOLDERS - {Reader.OWNER}))
async def test_whose_withdrawal_may_be_called_back(scene: Scene, reader: Reader) -> None:
    """Not even that of a wallet that one has charged."""
    answer = await scene.apis[reader].cancel_withdrawal(scene.variables["withdrawal"])
    assert refusal(answer) == ("OPERATION_NOT_FOUND", ["withdrawal"])
    assert answer["operation"] is answer["wallet"] is None


@pytest.mark.parametrize("reader", sorted(access.COMPANIES))
async def test_whose_operation_may_be_named(scene: Scene, reader: Reader) -> None:
    api = scene.apis[reader]
    for name, payload in {
        "RefundInput.operation": await api.refund(scene.variables["operation"], amount="0.01"),
        "CaptureInput.authorization": await api.capture(
            scene.variables["authorization"], amount="0.01", final=False
        ),
    }.items():
        field = [name.partition(".")[2]]
        if reader in access.NAMING_AN_OPERATION[name]:
            assert succeeded(payload), name
        else:
            assert refusal(payload) == ("OPERATION_NOT_FOUND", field), name
            assert payload["operation"] is payload["wallet"] is None
    if reader not in access.NAMING_AN_OPERATION["ReleaseInput.authorization"]:
        released = await api.release(scene.variables["authorization"])
        assert refusal(released) == ("OPERATION_NOT_FOUND", ["authorization"])


def _is_named_by(payload: Any, reader: Reader, name: str, otherwise: tuple[str, list[str]]) -> None:
    assert not payload["replayed"]
    if reader in access.NAMING_A_WALLET[name]:
        assert succeeded(payload)
    else:
        assert refusal(payload) == otherwise
        assert payload["wallet"] is None
        # A charge of a wallet that is known is recorded, whoever has nowhere to put the money.
        assert (payload["operation"] is None) == (otherwise[0] == "WALLET_NOT_FOUND")


async def test_what_each_side_sees_of_the_other(scene: Scene) -> None:
    selection = "operation(id: $operation) { source { token ownerName } target { token ownerName } }"
    purse, till = scene.wallet_token, scene.till_token
    seen = {}
    for reader in access.PARTIES:
        operation = (await scene.ask(reader, selection)).data["operation"]
        assert [operation[side]["ownerName"] for side in ("source", "target")] == ["Ada L.", "Corner Shop"]
        seen[reader] = (operation["source"]["token"], operation["target"]["token"])
    assert seen == {
        Reader.OWNER: (purse, None),
        Reader.CHARGED_BY: (purse, till),
        Reader.ADMIN: (purse, till),
    }


async def test_an_administrator_sees_every_account(scene: Scene) -> None:
    for name, kind in (
        ("account", "Client"),
        ("company", "Company"),
        ("administrator", "Administrator"),
        ("deleted", "DeletedAccount"),
    ):
        for reader in Reader:
            owns = {"account": Reader.OWNER, "company": Reader.CHARGED_BY}.get(name, Reader.ADMIN) is reader
            expected = {"__typename": kind, "id": scene.variables[name]} if owns or reader in ADMIN else None
            for field in ("node", "account"):
                answer = await scene.ask(reader, f"{field}(id: ${name}) {{ __typename id }}")
                assert (answer.body.get("data") or {}).get(field) == expected, (name, reader)
