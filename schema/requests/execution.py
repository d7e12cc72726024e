"""Running one prepared operation by graphql-core's executor."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeGuard, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable

from runtime import tracing
from schema.requests import traced_resolvers

IsAwaitable = Callable[[Any], TypeGuard[Awaitable[Any]]]


class Run(Protocol):
    """Runs one operation: the only thing that a prepared operation asks of an executor.

    Never raises for what a resolver raises; that stands in the result's errors, with its path and the
    original exception. Another executor, such as one compiled for the operation, takes graphql-core's
    place by answering the same call.
    """

    def __call__(
        self, context: object, variables: VariableValues
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Run it with variables coerced already."""


class MakeRun(Protocol):
    """Makes the `Run` of one operation of a validated document."""

    def __call__(
        self,
        schema: strawberry.Schema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        hide_suggestions: bool,
    ) -> Run:
        """Called once for each operation, when its document is prepared."""


def interpret(
    schema: strawberry.Schema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    hide_suggestions: bool,
) -> Run:
    """A `Run` by graphql-core, built without `execute()`, which would coerce the variables again for each
    request, and look for the operation and its fragments in the document. Strawberry's own schema extensions
    do not take part; field extensions and permissions do."""
    core = schema._schema  # noqa: SLF001 - Strawberry offers no other way to its graphql-core schema
    executor = schema.execution_context_class
    definitions = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    middleware = traced_resolvers.MIDDLEWARE if tracing.is_on() else None
    fragments = {name: FragmentDetails(definition, None) for name, definition in definitions.items()}

    def run(context: object, variables: VariableValues) -> Any:
        return executor(
            core,
            definitions,
            fragments,
            None,
            context,
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=cast("IsAwaitable", optimized_is_awaitable),
            hide_suggestions=hide_suggestions,
            middleware_manager=middleware,
        ).execute_operation()

    return run
