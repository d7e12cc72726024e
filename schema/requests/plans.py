"""What a compiled operation is made of, and how it runs: resolvers are called, dictionaries are filled.

Values are completed and errors turned into nulls as the GraphQL specification says in sections 6.4.3 and 6.4.4.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLError
from graphql.execution.values import VariableValues

# A path from its end: (key, (key of the parent, None)), turned round only for an error.
Path = tuple[Any, ...] | None
Complete = Callable[[Any, "Running", Path], Any]
Resolve = Callable[[Any, "Running"], Any]


class Propagating(Exception):
    """An error in a field that may not be null, on its way up to the first parent that may."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__()
        self.error = error


class _Info:
    """What resolvers see of a run: its context. They ask for nothing else."""

    __slots__ = ("context",)

    def __init__(self, context: object) -> None:
        self.context = context


class Running:
    """One run of an operation."""

    __slots__ = ("errors", "info", "variables")

    def __init__(self, context: object, variables: VariableValues) -> None:
        self.info = _Info(context)
        self.variables = variables
        self.errors: list[GraphQLError] = []


class FieldPlan(NamedTuple):
    """One field of a selection: `resolve` gets its value, `complete` makes of it what the answer holds.

    `is_async`: one of the two answers with an awaitable.
    """

    key: str
    nodes: Sequence[FieldNode]
    is_nullable: bool
    resolve: Resolve
    resolves_later: bool
    complete: Complete
    completes_later: bool

    @property
    def is_async(self) -> bool:
        return self.resolves_later or self.completes_later

    def failed(self, error: Exception, running: Running, path: Path) -> None:
        """Makes the field null and records the error, or lets it pass on to the parent.

        So a parent that becomes null has one error, however many of its fields failed.
        """
        located = error.error if isinstance(error, Propagating) else _located(error, self.nodes, path)
        if not self.is_nullable:
            raise Propagating(located)
        running.errors.append(located)

    async def run(self, source: Any, running: Running, path: Path) -> Any:
        """The field's part of the answer."""
        here = (self.key, path)
        try:
            value = self.resolve(source, running)
            if self.resolves_later:
                value = await value
            completed = self.complete(value, running, here)
            return await completed if self.completes_later else completed
        except Exception as error:  # noqa: BLE001 - becomes an error of the answer
            return self.failed(error, running, here)


def _located(error: Exception, nodes: Sequence[FieldNode], path: Path) -> GraphQLError:
    keys = []
    while path is not None:
        key, path = path
        keys.append(key)
    if isinstance(error, GraphQLError):
        if error.path is not None:
            return error
        message, original = error.message, error.original_error
    else:
        message, original = str(error), error
    return GraphQLError(message, nodes, path=keys[::-1], original_error=original or error)


def constant(value: object) -> Resolve:
    """Resolves to the same value always, such as a type's name."""
    return lambda _source, _running: value


def attribute(name: str) -> Resolve:
    """Resolves to an attribute of the object."""
    return lambda source, _: getattr(source, name)


def complete_leaf(serialize: Callable[[Any], Any]) -> Complete:
    """A scalar or an enum value, as JSON has it."""
    return lambda value, _running, _path: None if value is None else serialize(value)


def complete_never_null(complete: Complete, place: str) -> Complete:
    """What may not be null; `place` names the field in the error."""

    def complete_or_fail(value: Any, running: Running, path: Path) -> Any:
        if value is None:
            raise TypeError(f"Cannot return null for non-nullable field {place}.")
        return complete(value, running, path)

    return complete_or_fail


def complete_object(fields: list[FieldPlan]) -> tuple[Complete, bool]:
    """An object, and whether it answers with an awaitable."""
    if any(field.is_async for field in fields):

        async def complete_later(value: Any, running: Running, path: Path) -> dict[str, Any] | None:
            return None if value is None else await gather_fields(fields, value, running, path)

        return complete_later, True

    def complete_now(value: Any, running: Running, path: Path) -> dict[str, Any] | None:
        if value is None:
            return None
        return {field.key: _run_now(field, value, running, path) for field in fields}

    return complete_now, False


def _run_now(field: FieldPlan, source: Any, running: Running, path: Path) -> Any:
    here = (field.key, path)
    try:
        return field.complete(field.resolve(source, running), running, here)
    except Exception as error:  # noqa: BLE001 - becomes an error of the answer
        return field.failed(error, running, here)


async def gather_fields(
    fields: Sequence[FieldPlan], source: Any, running: Running, path: Path
) -> dict[str, Any]:
    """The fields of an object in their order, those that wait all at once."""
    data: dict[str, Any] = {}
    waiting: list[FieldPlan] = []
    for field in fields:
        data[field.key] = None
        if field.is_async:
            waiting.append(field)
        else:
            data[field.key] = _run_now(field, source, running, path)
    values = await _all([field.run(source, running, path) for field in waiting])
    data.update(zip((field.key for field in waiting), values, strict=True))
    return data


async def _all(awaitables: Sequence[Awaitable[Any]]) -> Sequence[Any]:
    """The results of all of them. When one fails the others are seen to their end first: none is orphaned."""
    if len(awaitables) == 1:
        return (await awaitables[0],)
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def complete_list(
    complete: Complete, *, is_async: bool, item_is_nullable: bool, nodes: Sequence[FieldNode]
) -> Complete:
    """A list of what `complete` makes of each item."""
    item = FieldPlan("", nodes, item_is_nullable, _itself, False, complete, is_async)
    return _list_later(item) if is_async else _list_now(item)


def _itself(value: Any, _: Running) -> Any:
    return value


def _list_now(item: FieldPlan) -> Complete:
    def complete(values: Any, running: Running, path: Path) -> list[Any] | None:
        if values is None:
            return None
        return [_run_item(item, index, value, running, path) for index, value in enumerate(values)]

    return complete


def _run_item(item: FieldPlan, index: int, value: Any, running: Running, path: Path) -> Any:
    here = (index, path)
    try:
        return item.complete(value, running, here)
    except Exception as error:  # noqa: BLE001 - becomes an error of the answer
        return item.failed(error, running, here)


def _list_later(item: FieldPlan) -> Complete:
    async def complete(values: Any, running: Running, path: Path) -> list[Any] | None:
        if values is None:
            return None
        return list(
            await _all(
                [_run_item_later(item, index, value, running, path) for index, value in enumerate(values)]
            )
        )

    return complete


async def _run_item_later(item: FieldPlan, index: int, value: Any, running: Running, path: Path) -> Any:
    here = (index, path)
    try:
        return await item.complete(value, running, here)
    except Exception as error:  # noqa: BLE001 - becomes an error of the answer
        return item.failed(error, running, here)


def complete_abstract(by_type: Mapping[str, tuple[Complete, bool]]) -> tuple[Complete, bool]:
    """An object of one of several types, and whether it answers with an awaitable."""
    if any(is_async for _, is_async in by_type.values()):

        async def complete_later(value: Any, running: Running, path: Path) -> Any:
            if value is None:
                return None
            complete, is_async = by_type[value.__strawberry_definition__.name]
            completed = complete(value, running, path)
            return await completed if is_async else completed

        return complete_later, True

    def complete_now(value: Any, running: Running, path: Path) -> Any:
        if value is None:
            return None
        complete, _ = by_type[value.__strawberry_definition__.name]
        return complete(value, running, path)

    return complete_now, False
