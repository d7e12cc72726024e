"""Compiled operations answer as graphql-core does: data, nulls, errors, paths and places, on made-up documents."""

import asyncio
from enum import StrEnum
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, OperationDefinitionNode, parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import from_schema

from schema.requests import compiled
from schema.requests.compiled import compile_run
from schema.requests.execution import interpret
from schema.requests.variables import coerce_variables, signatures_of


@strawberry.enum
class Shade(StrEnum):
    LIGHT = "LIGHT"
    DARK = "DARK"


@strawberry.input
class Wish:
    count: int
    shade: Shade = Shade.DARK
    names: list[str] | None = None
    inner: "Wish | None" = None


@strawberry.interface
class Thing:
    id: strawberry.ID


def fail(place: str) -> Any:
    raise ValueError(f"failed in {place}")


@strawberry.type
class Stone(Thing):
    shade: Shade
    weight: float | None
    missing: str  # null where there may be none

    @strawberry.field
    def breaks(self) -> str | None:
        return str(fail("breaks"))

    @strawberry.field
    async def breaks_later(self) -> int:
        await asyncio.sleep(0)
        return int(fail("breaks_later"))

    @strawberry.field
    async def echo(self, info: strawberry.Info, wish: Wish | None = None, times: int = 2) -> str:
        await asyncio.sleep(0)
        return f"{info.context} {wish} {times}"


@strawberry.type
class Box(Thing):
    label: str | None

    @strawberry.field
    async def things(self, shades: list[Shade] | None = None) -> list[Thing | None]:
        return [stone("s1"), Box(id=strawberry.ID("b2"), label=f"{shades}"), None]

    @strawberry.field
    def stones(self) -> list[Stone]:
        return [stone("s3"), stone("s4")]

    @strawberry.field
    def none_inside(self) -> list[str] | None:
        return ["a", None]  # type: ignore[list-item]


def stone(name: str) -> Stone:
    return Stone(id=strawberry.ID(name), shade=Shade.LIGHT, weight=None, missing=None)  # type: ignore[arg-type]


@strawberry.type
class Query:
    @strawberry.field
    async def box(self, label: str = "a box") -> Box:
        return Box(id=strawberry.ID("b1"), label=label)

    @strawberry.field
    def stone(self) -> Stone | None:
        return stone("s0")

    @strawberry.field
    async def thing(self, box: bool) -> Thing | None:
        return Box(id=strawberry.ID("b3"), label=None) if box else stone("s5")

    @strawberry.field
    async def numbers(self) -> list[list[int]]:
        return [[1, 2], [], [3]]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def paint(self, wish: Wish) -> Stone | None:
        return stone("s6") if wish.count != 1 else fail("paint")

    @strawberry.mutation
    def crush(self, ids: list[strawberry.ID]) -> int:
        return len(ids)


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, types=[Stone, Box])


async def answers(
    text: str, variables: dict[str, Any] | None = None
) -> tuple[ExecutionResult, ExecutionResult]:
    """What graphql-core answers, and what the compiled operation does."""
    core, document = SCHEMA._schema, parse(text)
    assert validate(core, document) == []
    (operation,) = (part for part in document.definitions if isinstance(part, OperationDefinitionNode))
    values = coerce_variables(signatures_of(core, operation), variables or {}, hide_suggestions=False)
    results = []
    for make_run in (interpret, compile_run):
        run = make_run(SCHEMA, document, operation, hide_suggestions=False)
        result = run("a context", values)
        results.append(result if isinstance(result, ExecutionResult) else await result)
    return results[0], results[1]


def errors_by_null(result: ExecutionResult) -> dict[str, set[str]]:
    """The errors, by the place of the null that each of them made."""
    found: dict[str, set[str]] = {}
    for error in result.errors or ():
        value: Any = result.data
        place = []
        for key in error.path or ():
            if value is None:
                break
            place.append(key)
            value = value[key]
        told = f"{error.path} {error.message} {error.locations}"
        found.setdefault(str(place), set()).add(told)
    return found


def assert_agree(core: ExecutionResult, ours: ExecutionResult) -> None:
    """The same data, and a null for the same reason.

    Where several errors make one null, the specification (section 6.4.4) leaves open how many are told.
    """
    assert ours.data == core.data
    assert (ours.errors is None) == (core.errors is None)
    expected, told = errors_by_null(core), errors_by_null(ours)
    assert told.keys() == expected.keys()
    assert all(told[place] & expected[place] for place in told)


@pytest.mark.parametrize(
    "text",
    [
        "{ box { id label __typename } }",
        "{ stone { shade weight breaks } }",
        "{ stone { missing } box { id } }",
        "{ box { stones { breaks } noneInside } }",
        "{ box { stones { missing } } }",
        "{ box { things { id __typename ... on Stone { shade breaksLater } ... on Box { label } } } }",
        "{ a: thing(box: true) { ...T } b: thing(box: false) { ...T } } "
        "fragment T on Thing { id ... on Stone { echo breaks } ... on Box { things { id } } }",
        "{ thing(box: false) { ... on Box { id } } box { ... on Thing { id } } }",
        "{ numbers box(label: null) { label } }",
        "{ stone { id ... { id shade } ...S } } fragment S on Stone { weight id }",
        "mutation { a: crush(ids: 1) paint(wish: {count: 1}) { id } b: crush(ids: [1, 2]) }",
        'mutation { paint(wish: {count: 2, inner: {count: 3, shade: LIGHT, names: ["x"]}}) { echo(times: 3) } }',
        "mutation { paint(wish: {count: 2}) { breaksLater } crush(ids: []) }",
    ],
)
async def test_the_answers_agree(text: str) -> None:
    expected, compiled_answer = await answers(text.replace("label: null", 'label: "x"'))
    assert_agree(expected, compiled_answer)


async def test_variables_agree() -> None:
    text = (
        "query ($w: Wish, $t: Int = 5, $s: [Shade!]) "
        "{ stone { echo(wish: $w, times: $t) } box { things(shades: $s) { id } } }"
    )
    for variables in (
        {},
        {"w": None},
        {"w": {"count": 1}},
        {"w": {"count": 1, "inner": {"count": 2, "names": "one"}}, "t": 7, "s": ["LIGHT"]},
    ):
        expected, compiled_answer = await answers(text, variables)
        assert_agree(expected, compiled_answer)


@pytest.mark.parametrize("text", ["{ __schema { types { name } } }", "{ box { id @skip(if: true) label } }"])
async def test_what_is_not_compiled_runs_all_the_same(text: str) -> None:
    expected, compiled_answer = await answers(text)
    assert_agree(expected, compiled_answer)


async def test_an_operation_without_directives_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all of these tests would hold graphql-core against itself."""
    monkeypatch.setattr(compiled, "interpret", lambda *_, **__: pytest.fail("fell back"))
    await answers("{ box { stones { echo(wish: {count: 1}) } things(shades: [DARK]) { id } } numbers }")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(from_schema(SCHEMA.as_str()))
async def test_made_up_documents_agree(text: str) -> None:
    expected, compiled_answer = await answers(text)
    assert_agree(expected, compiled_answer)
