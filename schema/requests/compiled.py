"""Operations compiled: what graphql-core works out anew for each request is worked out once for each document.

Which fields are selected, by which resolver each is answered, how its arguments become Python values and how
its result is completed depends on the document alone. So an operation becomes a tree of plans (plans.py)
when its document is prepared, and running it is calling resolvers and filling dictionaries. Tests hold every
answer against graphql-core's own. What is not compiled (introspection, @skip and @include, subscriptions) runs on
graphql-core.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
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

from runtime import tracing
from schema.requests.arguments import Convert, NotConvertible, argument_converters
from schema.requests.execution import Run, interpret
from schema.requests.plans import (
    Complete,
    FieldPlan,
    Propagating,
    Resolve,
    Running,
    attribute,
    complete_abstract,
    complete_leaf,
    complete_list,
    complete_never_null,
    complete_object,
    constant,
    gather_fields,
)
from schema.requests.traced_resolvers import traced


class NotCompilable(Exception):
    """The operation uses what plans do not know; graphql-core runs it."""


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
                    data = await gather_fields(fields, None, running, None)
            except Propagating as failed:
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
            return FieldPlan(key, nodes, False, constant(parent.name), False, complete_leaf(str), False)
        if name in ("__schema", "__type"):
            raise NotCompilable
        definition = parent.fields[name]
        resolve, resolves_later = self._resolver(definition, nodes[0])
        if tracing.is_on() and parent is self._schema.mutation_type:
            resolve = traced(name, resolve)
        complete, completes_later = self._completer(definition.type, nodes, f"{parent.name}.{name}")
        is_nullable = not is_non_null_type(definition.type)
        return FieldPlan(key, nodes, is_nullable, resolve, resolves_later, complete, completes_later)

    def _resolver(self, definition: GraphQLField, node: FieldNode) -> tuple[Resolve, bool]:
        field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(field, StrawberryField) or field.extensions or field.permission_classes:
            raise NotCompilable
        if field.base_resolver is None:
            return attribute(field.python_name), False
        resolver = field.base_resolver
        function = cast("Callable[..., Any]", resolver.wrapped_func)
        info_name = resolver.info_parameter.name if resolver.info_parameter else None
        takes_self = resolver.self_parameter is not None
        if takes_self and info_name is None and not definition.args:
            return (lambda source, _: function(source)), inspect.iscoroutinefunction(function)
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
            return complete_never_null(complete, place), is_async
        if is_list_type(returned):
            complete, is_async = self._completer(returned.of_type, nodes, place)
            items_nullable = not is_non_null_type(returned.of_type)
            listed = complete_list(complete, is_async=is_async, item_is_nullable=items_nullable, nodes=nodes)
            return listed, is_async
        if is_leaf_type(returned):
            return complete_leaf(returned.coerce_output_value), False
        named = get_named_type(returned)
        selections = [node.selection_set for node in nodes]
        if is_object_type(named):
            return complete_object(self._fields(named, selections))
        assert is_abstract_type(named)
        by_type = {
            possible.name: complete_object(self._fields(possible, selections))
            for possible in self._schema.get_possible_types(named)
        }
        return complete_abstract(by_type)
