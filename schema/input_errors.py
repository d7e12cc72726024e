"""Messages about bad input that name the place and what was expected there, but never the value.

graphql-core quotes values in its messages, and a value may be a password: it must come back neither in an
answer nor, from there, in the log of whoever asked.
"""

import re
from collections.abc import Sequence
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLSyntaxError,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_specified_scalar_type,
)
from graphql.language import SKIP, ListValueNode
from graphql.type import GraphQLList
from graphql.utilities.validate_input_value import validate_input_literal
from graphql.validation import ValuesOfCorrectTypeRule

# graphql-core ends its messages with the value, after one of these.
_VALUE = re.compile(r"(?:, but encountered error|[;,] found: |(?<=\?) Found: ).*", re.DOTALL)
_TOKEN = re.compile(r"(String|BlockString|Int|Float) '.*'", re.DOTALL)


class UnfitValue(GraphQLError):
    """What our own scalars say of a value that is none of theirs: always the same words, whatever the value."""


def safe_reason(
    error: GraphQLError, input_type: GraphQLInputType, path: Sequence[str | int], leaf: object
) -> str:
    """The message without the value: `leaf` is what the input has at `path` below `input_type`.

    Built-in scalars and enums always quote it, so theirs are replaced; what our own scalars say stands.
    """
    if isinstance(error, UnfitValue):
        return error.message
    message = error.message
    expected = _type_at(input_type, path)
    generic = f"Expected a value of type '{expected}'."
    if is_specified_scalar_type(expected) or is_enum_type(expected):
        return _in_json_words(message) if leaf is None else generic
    reason = _in_json_words(_without_value(message))
    quoted = str(leaf) if isinstance(leaf, str | int | float) else ""
    return generic if quoted and quoted in reason else reason


def _without_value(message: str) -> str:
    cut = _VALUE.sub("", message)
    return cut if cut.endswith(("?", ".")) else f"{cut}."


def _in_json_words(message: str) -> str:
    return message.replace("not to be None", "not to be null")


def value_at(value: Any, path: Sequence[str | int]) -> Any:
    """What a JSON value has at a path; a value where a list is expected stands for a list of one."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) else value
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def safe_syntax_error(error: GraphQLSyntaxError) -> GraphQLError:
    """The same error without the text of the string or number that was met."""
    return GraphQLError(_TOKEN.sub(r"\1", error.message), source=error.source, positions=error.positions)


def safe_execution_message(message: str) -> str:
    """The message of an argument that could not be coerced while running, without the value."""
    return _without_value(message)


class SafeValuesOfCorrectTypeRule(ValuesOfCorrectTypeRule):
    """graphql-core's rule, with messages that do not quote the literals of the document."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> Any:
        if input_type:

            def report(error: GraphQLError, path: list[str | int]) -> None:
                leaf = _literal_at(node, path)
                self.report_error(
                    GraphQLError(safe_reason(error, input_type, path, leaf), error.nodes or node)
                )

            validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


def _literal_at(node: ValueNode, path: Sequence[str | int]) -> object:
    for step in path:
        if isinstance(node, ObjectValueNode):
            node = next(field.value for field in node.fields if field.name.value == step)
        elif isinstance(node, ListValueNode) and isinstance(step, int):
            node = node.values[step]
    return None if isinstance(node, NullValueNode) else getattr(node, "value", node)


def _type_at(input_type: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        input_type = get_nullable_type(input_type)
        while isinstance(step, str) and is_list_type(input_type):
            # graphql-core leaves no index in the path of a lone value that stands for a list of one.
            input_type = get_nullable_type(input_type.of_type)
        if isinstance(input_type, GraphQLList):
            input_type = input_type.of_type
        elif is_input_object_type(input_type) and step in input_type.fields:
            input_type = input_type.fields[step].type
    input_type = get_nullable_type(input_type)
    while is_list_type(input_type):
        input_type = get_nullable_type(input_type.of_type)
    return input_type
