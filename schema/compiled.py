"""Operations compiled: what graphql-core works out anew for each request is worked out once for each document.

Which fields are selected, by which resolver each is answered, how its arguments become Python values and how
its result is completed depends on the document alone. So an operation becomes a tree of plans here when its
document is prepared, and running it is calling resolvers and filling dictionaries. Semantics are those of the
GraphQL specification, section 6; tests hold every answer against graphql-core's own. What is not compiled
(introspection, @skip and @include, subscriptions) runs on graphql-core.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.values import VariableValues
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.arguments import Convert, NotConvertible, argument_converters
from schema.execution import Run, interpret

# A path from its end: (("viewer", None) and so on), turned round only for an error.
Path = tuple[Any, ...] | None
Complete = Callable[[Any, "Running", Path], Any]


class NotCompilable(Exception):
    """The operation uses what plans do not know; graphql-core runs it."""


class _Propagating(Exception):
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
    resolve: Callable[[Any, Running], Any]
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
        located = error.error if isinstance(error, _Propagating) else _located(error, self.nodes, path)
        if not self.is_nullable:
            raise _Propagating(located)
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


def compile_run(
    schema: strawberry.Schema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    hide_suggestions: bool,
) -> Run:
    """A `Run` by plans, or by graphql-core where the operation can't be compiled."""
    try:
        return _Compiler(schema, document, hide_suggestions=hide_suggestions).operation(operation)
    except (NotCompilable, NotConvertible):
        return interpret(schema, document, operation, hide_suggestions=hide_suggestions)


class _Compiler:
    def __init__(self, schema: strawberry.Schema, document: DocumentNode, *, hide_suggestions: bool) -> None:
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001 - there is no other way to it
        self._config = schema.config
        self._hide_suggestions = hide_suggestions
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def operation(self, operation: OperationDefinitionNode) -> Run:
        root = self._schema.get_root_type(operation.operation)
        if root is None or operation.operation is OperationType.SUBSCRIPTION:
            raise NotCompilable
        fields = self._fields(root, [operation.selection_set])
        one_by_one = operation.operation is OperationType.MUTATION

        async def run(context: object, variables: VariableValues) -> ExecutionResult:
            running = Running(context, variables)
            try:
                if one_by_one:
                    data = {field.key: await field.run(None, running, None) for field in fields}
                else:
                    data = await _gather_fields(fields, None, running, None)
            except _Propagating as failed:
                return ExecutionResult(None, [*running.errors, failed.error])
            return ExecutionResult(data, running.errors or None)

        return run

    def _fields(
        self, parent: GraphQLObjectType, selections: Iterable[SelectionSetNode | None]
    ) -> list[FieldPlan]:
        collected: dict[str, list[FieldNode]] = {}
        for selection_set in selections:
            if selection_set is not None:
                self._collect(parent, selection_set, collected, set())
        return [self._field(parent, key, nodes) for key, nodes in collected.items()]

    def _collect(
        self,
        parent: GraphQLObjectType,
        selection_set: SelectionSetNode,
        collected: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        """CollectFields of the specification, section 6.3.2."""
        for selection in selection_set.selections:
            if selection.directives:
                raise NotCompilable
            if isinstance(selection, FieldNode):
                collected.setdefault((selection.alias or selection.name).value, []).append(selection)
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(selection, FragmentSpreadNode):
                if selection.name.value in visited:
                    continue
                visited.add(selection.name.value)
                fragment = self._fragments[selection.name.value]
            else:
                fragment = cast("InlineFragmentNode", selection)
            if self._applies(fragment, parent):
                self._collect(parent, fragment.selection_set, collected, visited)

    def _applies(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLObjectType
    ) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == parent.name:
            return True
        named = self._schema.get_type(condition.name.value)
        return is_abstract_type(named) and self._schema.is_sub_type(named, parent)

    def _field(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> FieldPlan:
        name = nodes[0].name.value
        if name == "__typename":
            return FieldPlan(key, nodes, False, _constant(parent.name), False, _as_it_is, False)
        if name in ("__schema", "__type"):
            raise NotCompilable
        definition = parent.fields[name]
        resolve, resolves_later = self._resolver(definition, nodes[0])
        complete, completes_later = self._completer(definition.type, nodes, f"{parent.name}.{name}")
        is_nullable = not is_non_null_type(definition.type)
        return FieldPlan(key, nodes, is_nullable, resolve, resolves_later, complete, completes_later)

    def _resolver(
        self, definition: GraphQLField, node: FieldNode
    ) -> tuple[Callable[[Any, Running], Any], bool]:
        field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(field, StrawberryField) or field.extensions or field.permission_classes:
            raise NotCompilable
        if field.base_resolver is None:
            return _attribute(field.python_name), False
        resolver = field.base_resolver
        function = cast("Callable[..., Any]", resolver.wrapped_func)
        info_name = resolver.info_parameter.name if resolver.info_parameter else None
        takes_self = resolver.self_parameter is not None
        arguments = self._arguments(field, definition, node)

        def resolve(source: Any, running: Running) -> Any:
            given = arguments(running.variables)
            if info_name is not None:
                given[info_name] = running.info
            return function(source, **given) if takes_self else function(**given)

        return resolve, inspect.iscoroutinefunction(function)

    def _arguments(
        self, field: StrawberryField, definition: GraphQLField, node: FieldNode
    ) -> Callable[[VariableValues], dict[str, Any]]:
        if not definition.args:
            return lambda _: {}
        converters: Mapping[str, tuple[str, Convert]] = argument_converters(field.arguments, self._config)
        hide_suggestions = self._hide_suggestions

        def arguments(variables: VariableValues) -> dict[str, Any]:
            values = get_argument_values(definition, node, variables, hide_suggestions=hide_suggestions)
            return {
                python_name: convert(values[name])
                for name, (python_name, convert) in converters.items()
                if name in values
            }

        return arguments

    def _completer(
        self, returned: GraphQLOutputType, nodes: list[FieldNode], place: str
    ) -> tuple[Complete, bool]:
        """CompleteValue of the specification, section 6.4.3."""
        if is_non_null_type(returned):
            complete, is_async = self._completer(returned.of_type, nodes, place)
            return _never_null(complete, place), is_async
        if is_list_type(returned):
            complete, is_async = self._completer(returned.of_type, nodes, place)
            item = FieldPlan(
                "", nodes, not is_non_null_type(returned.of_type), _itself, False, complete, is_async
            )
            return (_list_later(item) if is_async else _list_now(item)), is_async
        if is_leaf_type(returned):
            return _leaf(returned.coerce_output_value), False
        named = get_named_type(returned)
        selections = [node.selection_set for node in nodes]
        if is_object_type(named):
            return _object(self._fields(named, selections))
        assert is_abstract_type(named)
        by_type = {
            possible.name: _object(self._fields(possible, selections))
            for possible in self._schema.get_possible_types(named)
        }
        return _abstract(by_type)


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


def _constant(value: object) -> Callable[[Any, Running], Any]:
    return lambda _source, _running: value


def _itself(source: Any, _: Running) -> Any:
    return source


def _attribute(name: str) -> Callable[[Any, Running], Any]:
    return lambda source, _: getattr(source, name)


def _as_it_is(value: Any, _running: Running, _path: Path) -> Any:
    return value


def _leaf(serialize: Callable[[Any], Any]) -> Complete:
    return lambda value, _running, _path: None if value is None else serialize(value)


def _never_null(complete: Complete, place: str) -> Complete:
    def complete_or_fail(value: Any, running: Running, path: Path) -> Any:
        if value is None:
            raise TypeError(f"Cannot return null for non-nullable field {place}.")
        return complete(value, running, path)

    return complete_or_fail


def _object(fields: list[FieldPlan]) -> tuple[Complete, bool]:
    if any(field.is_async for field in fields):

        async def complete_later(value: Any, running: Running, path: Path) -> dict[str, Any] | None:
            return None if value is None else await _gather_fields(fields, value, running, path)

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


async def _gather_fields(
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


def _abstract(by_type: Mapping[str, tuple[Complete, bool]]) -> tuple[Complete, bool]:
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
