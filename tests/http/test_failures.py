"""Every top-level error has a code; on mutations it says whether the mutation may have been executed."""

import asyncio
import logging
from typing import Any

import orjson
import pytest

from auth.principal import Principal
from schema.requests.endpoint import GraphQLEndpoint
from tests.http.toy import Reply, ask, query, ran, toy_endpoint


@pytest.fixture(scope="module")
def endpoint() -> GraphQLEndpoint:
    return toy_endpoint()


def outcome(reply: Reply) -> tuple[str, str | None]:
    """The code of the only error, and what it says about execution."""
    return reply.code, reply.error["extensions"].get("executed")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ nope }", ("BAD_USER_INPUT", "NO")),
        ("{", ("BAD_USER_INPUT", "NO")),
        ("mutation { nope }", ("BAD_USER_INPUT", "NO")),
        ("mutation { refuse }", ("BAD_USER_INPUT", "NO")),
        ("mutation { overload }", ("OVERLOADED", "NO")),
        ("mutation { lose }", ("UNAVAILABLE", "UNKNOWN")),
        ("mutation { lose(executedUnknown: false) }", ("UNAVAILABLE", "NO")),
        ("mutation { limit }", ("RATE_LIMITED", "NO")),
        ("mutation { signOut }", ("UNAUTHENTICATED", "NO")),
        ("mutation { crash }", ("INTERNAL", "UNKNOWN")),
        ("mutation { charge { broken } }", ("INTERNAL", "UNKNOWN")),
        ("mutation($a: Amount!) { charge(amount: $a) { name } }", ("BAD_USER_INPUT", "NO")),
        ("{ broken }", ("INTERNAL", None)),
        ("{ wrongType }", ("INTERNAL", None)),
        ("{ item { forbidden } }", ("FORBIDDEN", None)),
        ("query($n: Int!) { echo(number: $n) }", ("BAD_USER_INPUT", None)),
    ],
)
async def test_every_error_has_its_code(
    endpoint: GraphQLEndpoint, document: str, expected: tuple[str, str | None]
) -> None:
    reply = await query(endpoint, document)
    assert reply.status == 200
    assert outcome(reply) == expected


async def test_a_failure_below_a_mutation_comes_after_it_ran(endpoint: GraphQLEndpoint) -> None:
    reply = await query(endpoint, "mutation { charge { forbidden } }")
    assert reply.json["data"] == {"charge": {"forbidden": None}}
    assert outcome(reply) == ("FORBIDDEN", "UNKNOWN")


@pytest.mark.parametrize(
    ("document", "executed", "charged"),
    [
        ("mutation { refuse charge { name } }", "NO", []),
        ("mutation { __typename refuse }", "NO", []),
        ("mutation { ...F } fragment F on Mutation { __typename refuse }", "NO", []),
        ("mutation { charge { name } refuse }", "UNKNOWN", ["charge"]),
        ("mutation { ...F } fragment F on Mutation { charge { name } refuse }", "UNKNOWN", ["charge"]),
        ("mutation { crash refuse }", "UNKNOWN", []),
    ],
)
async def test_a_failure_that_takes_earlier_data_with_it_does_not_say_no(
    endpoint: GraphQLEndpoint, document: str, executed: str, charged: list[str]
) -> None:
    ran.clear()
    reply = await query(endpoint, document)
    assert reply.json["data"] is None
    assert reply.json["errors"][-1]["extensions"]["executed"] == executed
    assert ran == charged


async def test_retrying_is_told_when(endpoint: GraphQLEndpoint) -> None:
    assert (await query(endpoint, "mutation { limit }")).error["extensions"]["retryAfterSeconds"] == 3
    assert (await query(endpoint, "mutation { overload }")).error["extensions"]["retryAfterSeconds"] == 1


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ('mutation { crash(password: "hunter2") }', {}),
        ("mutation($p: String!) { crash(password: $p) }", {"p": "hunter2"}),
        ("{ item { broken } }", {}),
        ("{ wrongType }", {}),
    ],
)
async def test_an_unexpected_exception_is_masked_and_logged_once_without_a_value(
    endpoint: GraphQLEndpoint, caplog: pytest.LogCaptureFixture, document: str, variables: dict[str, Any]
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = await query(endpoint, document, **variables)
    assert reply.error["message"] == "Internal error"
    assert b"hunter2" not in reply.body
    (record,) = (record for record in caplog.records if record.name.startswith("purser"))
    assert "hunter2" not in repr(vars(record))
    assert record.exc_info is None
    fields = vars(record)["fields"]
    assert fields["request_id"] == reply.error["extensions"]["requestId"]
    assert "Error at " in fields["exception"]


PASSWORD = "mutation($i: LogInInput!) { logIn(input: $i) }"


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        ["hunter2"],
        {"email": "a", "password": ["hunter2"]},
        {"email": "a", "password": {"hunter2": "hunter2"}},
        {"email": "hunter2"},
        {"email": "a", "password": "hunter2", "x": 1},
        {"email": "a", "password": "b", "amount": "hunter2"},
        {"email": "a", "password": "b", "amount": {"a": "hunter2"}},
        {"email": "a", "password": "b", "key": "hunter2"},
        {"email": None, "password": "hunter2"},
    ],
)
async def test_a_bad_variable_is_named_but_not_repeated(
    endpoint: GraphQLEndpoint, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = await query(endpoint, PASSWORD, i=value)
    assert {error["extensions"]["code"] for error in reply.json["errors"]} == {"BAD_USER_INPUT"}
    assert all(error["message"].startswith("Variable '$i") for error in reply.json["errors"])
    assert b"hunter2" not in reply.body
    assert "hunter2" not in caplog.text


async def test_a_bad_variable_is_told_where_and_why(endpoint: GraphQLEndpoint) -> None:
    value = {"email": None, "password": 5, "amount": 1.5}
    reply = await query(endpoint, PASSWORD, i=value)
    assert [error["message"] for error in reply.json["errors"]] == [
        "Variable '$i.email' has an invalid value: Expected value of non-null type 'String!' not to be null.",
        "Variable '$i.password' has an invalid value: Expected a value of type 'String'.",
        "Variable '$i.amount' has an invalid value: An amount is a string of digits.",
    ]
    missing = await query(endpoint, PASSWORD)
    assert missing.error["message"] == (
        "Variable '$i' has an invalid value: Expected a value of non-null type 'LogInInput!' to be provided."
    )


async def test_defaults_and_nulls_of_variables(endpoint: GraphQLEndpoint) -> None:
    document = 'query($t: String = "d", $n: Int) { echo(text: $t, number: $n) }'
    assert (await query(endpoint, document)).json["data"] == {"echo": "d"}
    assert (await query(endpoint, document, t="given")).json["data"] == {"echo": "given"}
    assert (await query(endpoint, document, t="", n=7)).json["data"] == {"echo": "7"}


@pytest.mark.parametrize(
    "documents",
    [
        ["mutation { a: changePassword b: changePassword }"],
        ["mutation { ...F } fragment F on Mutation { changePassword b: changePassword }"],
        ["mutation { changePassword }", "mutation { changePassword }"],
        ["mutation { changePassword }", "{ ping }", "mutation { ... { changePassword } }"],
        ["mutation { changePassword @skip(if: false) x: changePassword }"],
    ],
)
async def test_a_request_has_at_most_one_credential_field(
    endpoint: GraphQLEndpoint, documents: list[str]
) -> None:
    operations = [{"query": document} for document in documents]
    reply = await ask(endpoint, orjson.dumps(operations if len(operations) > 1 else operations[0]))
    assert (reply.status, *outcome(reply)) == (400, "BAD_USER_INPUT", "NO")


async def test_one_credential_field_is_served(endpoint: GraphQLEndpoint) -> None:
    body = [{"query": "mutation { changePassword }"}, {"query": "{ ping }"}]
    reply = await ask(endpoint, orjson.dumps(body))
    assert [payload["data"] for payload in reply.json] == [{"changePassword": "changed"}, {"ping": "pong"}]


async def test_what_the_stopping_service_cuts_off_is_told_so(endpoint: GraphQLEndpoint) -> None:
    ran.clear()
    asking = asyncio.create_task(query(endpoint, "mutation { hang }"))
    while not ran:
        await asyncio.sleep(0)
    asking.cancel()  # as uvicorn does with what takes longer than its limit
    reply = await asking
    assert (reply.status, reply.code) == (503, "UNAVAILABLE")
    assert reply.error["extensions"]["executed"] == "UNKNOWN"


async def test_what_is_cut_off_before_it_ran_was_not_executed() -> None:
    async def never(_: str) -> Principal:
        await asyncio.sleep(60)
        raise AssertionError

    headers = (("content-type", "application/json"), ("authorization", "Bearer x"))
    body = b'{"query": "mutation { charge { name } }"}'
    asking = asyncio.create_task(ask(toy_endpoint(authenticate=never), body, headers=headers))
    await asyncio.sleep(0.05)
    asking.cancel()
    assert (await asking).error["extensions"]["executed"] == "NO"
