"""Spans for GraphQL operations."""

import strawberry
from graphql import DocumentNode, ExecutionResult, OperationDefinitionNode
from graphql.execution.values import VariableValues

from runtime.http.exchange import NAME_CHARACTERS_MAX
from runtime.spans import Attributes
from runtime.tracing import span
from schema.requests.execution import MakeRun, Run


def traced_run(make_run: MakeRun) -> MakeRun:
    """Runs each operation in a span."""

    def make(
        schema: strawberry.Schema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        hide_suggestions: bool,
    ) -> Run:
        run = make_run(schema, document, operation, hide_suggestions=hide_suggestions)
        kind = operation.operation.value
        described: Attributes = {"graphql.operation.type": kind}
        if operation.name is not None:
            described["graphql.operation.name"] = operation.name.value[:NAME_CHARACTERS_MAX]

        async def run_in_span(context: object, variables: VariableValues) -> ExecutionResult:
            with span(f"GraphQL {kind}", described):
                running = run(context, variables)
                return running if isinstance(running, ExecutionResult) else await running

        return run_in_span

    return make
