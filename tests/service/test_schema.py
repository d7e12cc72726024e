"""The schema keeps what clients rely on, is committed as it is printed, and explains every part of itself."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

CONTRACT = Path(__file__).with_name("contract.graphql")
COMMITTED = Path("schema/schema.graphql")


# What the contract names and later work brings. Each line leaves when its part comes: a line too many fails too.
@pytest.fixture(scope="module")
def printed() -> str:
    """What `purser export-schema` prints."""
    command = [sys.executable, "-P", "-m", "cli", "export-schema"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def schema(printed: str) -> GraphQLSchema:
    return build_schema(printed)


def test_the_committed_schema_is_the_printed_one(printed: str) -> None:
    assert COMMITTED.read_text() == printed, "run: purser export-schema > schema/schema.graphql"


def test_the_contract_is_kept(schema: GraphQLSchema) -> None:
    broken = find_breaking_changes(build_schema(CONTRACT.read_text()), schema)
    assert [change.description for change in broken] == []


def test_defaults_of_the_contract_are_kept(schema: GraphQLSchema) -> None:
    dangerous = find_dangerous_changes(build_schema(CONTRACT.read_text()), schema)
    changed = [change.description for change in dangerous if "default" in change.description]
    assert changed == []


def described(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """A type and all its parts by name, each with its description."""
    yield kind.name, kind.description
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            for argument_name, argument in field.args.items():
                yield f"{kind.name}.{name}({argument_name})", argument.description
    elif isinstance(kind, GraphQLInputObjectType):
        for name, input_field in kind.fields.items():
            yield f"{kind.name}.{name}", input_field.description
    elif isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description


def test_everything_has_a_description_worth_reading(schema: GraphQLSchema) -> None:
    parts = {
        name: description
        for kind in schema.type_map.values()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
        for name, description in described(kind)
    }
    assert len(parts) > 200
    poor = [
        name
        for name, description in parts.items()
        if description is None
        or len(description) < 8
        or description[-1] not in ".?!"
        or description.rstrip(".").lower() == name.rpartition(".")[2].lower()
    ]
    assert poor == []
