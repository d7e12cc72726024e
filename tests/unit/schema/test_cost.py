"""What a document costs, and that measuring it costs little whatever it holds."""

import time
from collections.abc import Callable

import pytest
from graphql import GraphQLSchema, build_schema, get_introspection_query, parse

from schema.failures import Failure, FailureCode
from schema.requests.cost import LIMITS, Cost, CostRule

# What doubles with each level takes minutes; a pause of the garbage collector a part of a second.
SECONDS_MAX = 2.0

SDL = """
type Query { wallet: Wallet wallets(first: Int, last: Int): WalletConnection! currencies: [Currency!]! }
type Mutation { logIn: Wallet signUpClient: Wallet changePassword: Wallet charge: Wallet }
type Currency { code: String! logIn: String }
interface Node { id: ID! }
type Wallet implements Node { id: ID! self: Wallet history(first: Int, last: Int): WalletConnection! }
type WalletConnection { nodes: [Wallet!]! edges: [WalletEdge!]! }
type WalletEdge { node: Wallet! cursor: String! }
"""


@pytest.fixture(scope="module")
def core() -> GraphQLSchema:
    return build_schema(SDL)


@pytest.fixture(scope="module")
def measure(core: GraphQLSchema) -> Callable[[str], Cost]:
    rule = CostRule(core)

    def measured(text: str) -> Cost:
        document = parse(text)
        started = time.process_time()
        try:
            (cost,) = rule.measure(document).values()
        finally:
            assert time.process_time() - started < SECONDS_MAX
        return cost

    return measured


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("{ wallet { id } }", 2),
        ("{ wallet { id ...F } } fragment F on Wallet { self { id } }", 4),
        ("{ wallet { ... on Node { id } ... { id } } }", 3),
        ("{ wallets { nodes { id } } }", 1 + 20 * 2),
        ("{ wallets(first: 3) { nodes { id } } }", 1 + 3 * 2),
        ("{ wallets(last: 7) { edges { node { id } cursor } } }", 1 + 7 * 4),
        ("{ wallets(first: 3, last: null) { nodes { id } } }", 1 + 3 * 2),
        ("{ wallets(first: null) { nodes { id } } }", 1 + 20 * 2),
        ("{ wallets(first: 101) { nodes { id } } }", 1 + 100 * 2),
        ("{ wallets(first: -99) { nodes { id } } }", 1 + 2),
        (f"{{ wallets(first: {'9' * 2_400}) {{ nodes {{ id }} }} }}", 1 + 100 * 2),
        ("{ wallets(first: 5) { nodes { history(first: 4) { nodes { id } } } } }", 1 + 5 * (1 + 1 + 4 * 2)),
        ("{ wallets(first: 5) { ...F } } fragment F on WalletConnection { nodes { id } }", 1 + 5 * 2),
        ("{ currencies { code } }", 1 + 10),
        ("{ unknown { field } }", 2),
    ],
)
def test_fields_are_multiplied_by_the_items_they_stand_in(
    measure: Callable[[str], Cost], text: str, total: int
) -> None:
    assert measure(text).total == total


@pytest.mark.parametrize(
    ("variables", "total"),
    [
        (None, 1 + 1 * (1 + 1 + 1 * 2)),
        ({"n": 5, "m": 4}, 1 + 5 * (1 + 1 + 4 * 2)),
        ({"n": -5, "m": 4}, 1 + 1 * (1 + 1 + 4 * 2)),
        ({"n": 5, "m": None}, 1 + 5 * (1 + 1 + 20 * 2)),
        ({"n": 5}, 1 + 5 * (1 + 1 + 20 * 2)),
    ],
)
def test_pages_by_variables_are_measured_with_them(
    core: GraphQLSchema, variables: dict[str, object] | None, total: int
) -> None:
    text = "query A($n: Int, $m: Int) { wallets(first: $n) { nodes { history(last: $m) { nodes { id } } } } }"
    rule, document = CostRule(core), parse(text + " query B { wallets(first: 100) { nodes { id } } }")
    (operation, cost), _ = rule.measure(document).items()
    assert cost.has_variable_pages
    if variables is not None:
        cost = rule.measure_with(document, operation, variables)
    assert cost.total == total
    with pytest.raises(Failure, match="may cost"):
        rule.measure_with(document, operation, {"n": 100, "m": 2**31 - 1})


def test_credential_fields_are_counted_through_aliases_and_fragments(measure: Callable[[str], Cost]) -> None:
    assert measure("mutation { charge { id } }").credentials == 0
    assert measure("{ currencies { logIn } }").credentials == 0
    assert measure("mutation { a: logIn { id } b: changePassword { id } }").credentials == 2
    spread = "mutation { ...A ...A ... on Mutation { logIn { id } } }"
    assert measure(spread + "fragment A on Mutation { signUpClient { id } }").credentials == 3


def doubling(levels: int, spread: str) -> str:
    """Fragments of which each spreads the next one twice."""
    parts = [f"fragment F{level} on Wallet {{ {spread.format(level + 1)} }}" for level in range(levels)]
    return " ".join(["{ wallet { ...F0 } }", *parts, f"fragment F{levels} on Wallet {{ id }}"])


HOSTILE = {
    "a fragment of itself": "{ wallet { ...A } } fragment A on Wallet { self { ...A } }",
    "a cycle of three": "{ wallet { ...A } } fragment A on Wallet { ...B } fragment B on Wallet { ...C }"
    " fragment C on Wallet { ...A }",
    "a cycle that nothing uses": "{ wallet { id } }"
    " fragment A on Wallet { ...B } fragment B on Wallet { ...A }",
    "30 doublings": doubling(30, "a: self {{ ...F{0} }} b: self {{ ...F{0} }}"),
    "30 flat doublings": doubling(30, "...F{0} ...F{0}"),
    "30 doublings of nothing": doubling(30, "...F{0} ...F{0}").replace("{ id }", "{ }"),
    "depth 16": "{ wallet " + "{ self " * 14 + "{ id }" + " }" * 15,
    "depth 50": "{ wallet " + "{ self " * 48 + "{ id }" + " }" * 49,
    "depth 190": "{ wallet " + "{ self " * 188 + "{ id }" + " }" * 189,
    "depth by fragments": doubling(20, "self {{ ...F{0} }}"),
    "braces": "{" + "...{" * 100 + "wallet { id }" + "}" * 101,
    "1,000 aliases": "{" + " ".join(f"a{number}: wallet {{ id }}" for number in range(1_000)) + "}",
    "1,000 directives": "{ wallet " + "@skip(if: false) " * 1_000 + "{ id } }",
    "1,000 directives on an operation": "query " + "@a " * 1_000 + "{ wallet { id } }",
    "1,000 directives apart": "{ wallet {" + "id @skip(if: false) " * 1_000 + "} }",
    "3,000 repeated fields": "{ wallet { " + "id " * 3_000 + "} }",
    "100 repeated fields": "{ wallet { " + "id " * 100 + "} }",
    "repeated across fragments": "{ wallet { "
    + " ".join(f"...F{number}" for number in range(80))
    + "} }"
    + " ".join(f"fragment F{number} on Wallet {{ id }}" for number in range(80)),
    "repeated at each level": "{ wallet { " + ("self { " + "self { self { id } } " * 7 + "} ") * 9 + "} }",
    "1,000 fragments": "{ wallet { id } }"
    + "".join(f"fragment F{n} on Wallet {{ id }}" for n in range(1_000)),
    "pages of pages": "{ wallets(first: 100) { nodes { history(first: 100) { nodes { id } } } } }",
    "introspections": "{ a: __schema { types { name } } b: __schema { types { name } }"
    ' c: __type(name: "A") { name } }',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_quickly(measure: Callable[[str], Cost], text: str) -> None:
    with pytest.raises(Failure) as refused:
        measure(text)
    assert refused.value.code is FailureCode.BAD_USER_INPUT


HARMLESS = {
    "depth 15": "{ wallet " + "{ self " * 13 + "{ id }" + " }" * 14,
    "what clients do: the same fields in many fragments": "{ wallet { "
    + " ".join(f"...F{number}" for number in range(20))
    + "} }"
    + " ".join(f"fragment F{number} on Wallet {{ __typename id }}" for number in range(20)),
    "100 aliases": "{"
    + " ".join(f"a{number}: wallet {{ id }}" for number in range(LIMITS.aliases_max))
    + "}",
    "the largest page": "{ wallets(first: 100) { edges { node { id self { id } } cursor } } }",
    "introspection": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    ),
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_clients_send_passes(measure: Callable[[str], Cost], text: str) -> None:
    measure(text)


def test_a_cycle_is_called_one(measure: Callable[[str], Cost]) -> None:
    for name in ("a fragment of itself", "a cycle of three", "a cycle that nothing uses"):
        with pytest.raises(Failure, match="'A' spreads itself"):
            measure(HOSTILE[name])


def test_introspection_can_be_refused_wherever_it_hides(core: GraphQLSchema) -> None:
    rule = CostRule(core, introspection=False)
    for text in (
        "{ __schema { types { name } } }",
        '{ a: __type(name: "Query") { name } }',
        "{ ... { ...F } } fragment F on Query { __schema { types { name } } }",
    ):
        with pytest.raises(Failure, match="switched off"):
            rule.measure(parse(text))
    rule.measure(parse("{ __typename wallet { __typename } }"))
