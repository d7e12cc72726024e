"""The variables of an operation: signatures made once for each document, values coerced once a request."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLInputType, GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import print_path_list
from graphql.type import is_non_null_type
from graphql.utilities.coerce_input_value import coerce_default_value
from graphql.utilities.validate_input_value import validate_input_value

from schema.input_errors import safe_reason, value_at
from schema.requests.coercion import coercer

ERRORS_MAX = 10


class BadVariables(Exception):
    """Variables that do not fit the operation. The errors name the place of each, never its value."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} bad variables")
        self.errors = errors


class Signature:
    """One variable that an operation declares, with its default coerced already."""

    __slots__ = ("coerce", "core", "default", "name", "required", "type")

    def __init__(self, core: GraphQLVariableSignature) -> None:
        self.core = core
        self.name = core.name
        self.type: GraphQLInputType = core.type
        self.coerce = coercer(core.type)
        self.default: Any = coerce_default_value(core) if core.default is not None else Undefined
        self.required = is_non_null_type(core.type) and core.default is None


def signatures_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[Signature, ...]:
    """The variables of an operation that has been validated."""
    signatures = []
    for definition in operation.variable_definitions or ():
        core = get_variable_signature(schema, definition)
        assert not isinstance(core, GraphQLError)
        signatures.append(Signature(core))
    return tuple(signatures)


def coerce_variables(
    signatures: Sequence[Signature], values: Mapping[str, Any], *, hide_suggestions: bool
) -> VariableValues:
    """The variables as the resolvers take them. Raises BadVariables."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    for signature in signatures:
        name = signature.name
        value = values.get(name, Undefined)
        if value is Undefined and not signature.required:
            sources[name] = VariableValueSource(signature.core)
            if signature.default is not Undefined:
                coerced[name] = signature.default
            continue
        sources[name] = VariableValueSource(signature.core, value)
        result = signature.coerce(value)
        if result is Undefined:
            errors += _errors(signature, value, hide_suggestions=hide_suggestions)
        else:
            coerced[name] = result
    if errors:
        raise BadVariables(errors[:ERRORS_MAX])
    return VariableValues(sources, coerced)


def _errors(signature: Signature, value: Any, *, hide_suggestions: bool) -> list[GraphQLError]:
    errors: list[GraphQLError] = []

    def report(error: GraphQLError, path: list[str | int]) -> None:
        if len(errors) < ERRORS_MAX:
            reason = safe_reason(error, signature.type, path, value_at(value, path))
            place = (
                f"{signature.name}{print_path_list(path).removeprefix(' at ')}" if path else signature.name
            )
            errors.append(GraphQLError(f"Variable '${place}' has an invalid value: {reason}"))

    validate_input_value(value, signature.type, report, hide_suggestions)
    return errors or [GraphQLError(f"Variable '${signature.name}' has an invalid value.")]
