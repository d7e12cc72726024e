"""Spans for the fields of mutations, from the look for what they name to what they answer."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from graphql import GraphQLResolveInfo, MiddlewareManager

from runtime.tracing import span
from schema.requests.plans import Resolve, Running


def traced(field: str, resolve: Resolve) -> Resolve:
    """Calls a mutation's resolver, an asynchronous one, in a span."""

    async def resolve_in_span(source: Any, running: Running) -> Any:
        with span(f"resolve {field}", {}):
            return await resolve(source, running)

    return resolve_in_span


def _traced(resolve: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    if info.parent_type is not info.schema.mutation_type:
        return resolve(source, info, **arguments)

    async def resolve_in_span() -> Any:
        with span(f"resolve {info.field_name}", {}):
            value = resolve(source, info, **arguments)
            return await value if isawaitable(value) else value

    return resolve_in_span()


# The same for what graphql-core runs.
MIDDLEWARE = MiddlewareManager(_traced)
