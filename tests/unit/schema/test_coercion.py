"""Coercion worked out once agrees with graphql-core's, whatever the value."""

from typing import Any

import pytest
from graphql import GraphQLInputType, Undefined, build_schema
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st

from schema.requests.coercion import coercer
from schema.requests.documents import DocumentCache
from schema.requests.variables import BadVariables, coerce_variables
from schema.root import schema

TRANSFER = "mutation ($input: TransferInput!) { transfer(input: $input) { replayed } }"

TOY = build_schema(
    """
    enum Shade { LIGHT DARK }
    input Wish {
      count: Int!, shade: Shade = DARK, names: [String!], inner: Wish, deep: [[Boolean]] = [[true]], must: ID! = "x"
    }
    input Either @oneOf { id: ID, name: String }
    type Query { wish(wish: Wish, wishes: [Wish!]!, either: Either): Int }
    """
)
TYPES: list[GraphQLInputType] = [
    *(argument.type for argument in TOY.query_type.fields["wish"].args.values()),  # type: ignore[union-attr]
    *(
        argument.type
        for mutation in schema._schema.mutation_type.fields.values()  # type: ignore[union-attr]
        for argument in mutation.args.values()
    ),
]

names = st.sampled_from(
    [
        "count",
        "shade",
        "names",
        "inner",
        "deep",
        "must",
        "id",
        "name",
        "wallet",
        "amount",
        "email",
        "summary",
        "x",
    ]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**33)
    | st.floats()
    | st.sampled_from(["LIGHT", "1", "1.5", ""])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5)
)
wishes = st.fixed_dictionaries(
    {"count": leaves},
    optional={"inner": values, "deep": values, "must": leaves, "shade": leaves, "names": values},
)
fitting = st.fixed_dictionaries(
    {"wallet": st.just("w"), "amount": st.just("1.5"), "summary": st.just("")},
    optional={
        "currency": st.sampled_from([None, "USD", "usd"]),
        "into": st.none(),
        "idempotencyKey": st.text(),
    },
)


def agree(type_: GraphQLInputType, value: Any) -> None:
    expected, coerced = coerce_input_value(value, type_), coercer(type_)(value)
    if expected is Undefined:
        assert coerced is Undefined
    else:
        assert repr(coerced) == repr(expected) or coerced == expected


@given(st.sampled_from(TYPES), values | wishes | fitting)
def test_it_agrees(type_: GraphQLInputType, value: Any) -> None:
    agree(type_, value)


@pytest.mark.parametrize(
    "value",
    [
        {"count": 1},
        {"count": 1, "inner": {"count": 2, "inner": {"count": 3, "shade": "LIGHT"}}},
        {"count": 1, "names": "one", "deep": True},
        {"count": 1, "names": ["one", None]},
        {"count": 1, "unknown": 1},
        {"count": None},
        {},
    ],
)
def test_it_agrees_on_wishes(value: Any) -> None:
    for type_ in TYPES[:2]:
        agree(type_, value)
        agree(type_, [value, value])


@pytest.mark.parametrize("value", [{"id": "1"}, {"id": None}, {"id": "1", "name": "x"}, {}, None, "x"])
def test_it_agrees_on_one_of(value: Any) -> None:
    agree(TYPES[2], value)


@pytest.mark.parametrize("amount", [10.5, "1e3", True, ["1"], "12 "])
def test_our_scalars_say_what_is_expected_in_their_own_words(amount: object) -> None:
    operation = DocumentCache(schema, introspection=True).get(TRANSFER).select(None)
    given = {"input": {"from": "x", "to": {"id": "a"}, "amount": amount}}
    with pytest.raises(BadVariables) as bad:
        coerce_variables(operation.signatures, given, hide_suggestions=False)
    (error,) = bad.value.errors
    assert error.message.startswith(
        "Variable '$input.amount' has an invalid value: An Amount is a string of digits"
    )
