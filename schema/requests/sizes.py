"""How many items a field may be answered with, by its document and variables.

Where the variables are not known yet it is the smallest number that they could say.
"""

from collections.abc import Mapping

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
)

from schema.paging import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX

# A list without pages, such as `userErrors`: rarely more, and never chosen by the client.
LIST_ITEMS = 10


def items(
    field: FieldNode,
    definition: GraphQLField | None,
    parent: GraphQLNamedType | None,
    variables: Mapping[str, object] | None,
) -> int:
    """How many times at most what stands below the field is answered."""
    if definition is None:
        return 1
    if "first" in definition.args or "last" in definition.args:
        return _page_items(field, variables)
    if not is_list_type(get_nullable_type(definition.type)):
        return 1
    # A connection's lists are the page that its field was multiplied by, outcomes the inputs; introspection lists
    # the schema, whose size no client chooses.
    is_multiplied = parent and (
        parent.name.endswith(("Connection", "BulkPayload")) or parent.name.startswith("__")
    )
    return 1 if is_multiplied else LIST_ITEMS


def sizes(field: FieldNode) -> list[ValueNode]:
    """What the document says of how many there are: the values of `first`, `last` and `inputs`."""
    inputs = [argument.value for argument in field.arguments or () if argument.name.value == "inputs"]
    return [*_page_sizes(field), *inputs]


def input_count(field: FieldNode, variables: Mapping[str, object] | None) -> int:
    """How many `inputs` the field is given; one where that is a variable that is not known."""
    for argument in field.arguments or ():
        if argument.name.value == "inputs":
            if isinstance(argument.value, ListValueNode):
                return len(argument.value.values)
            if isinstance(argument.value, VariableNode) and variables is not None:
                inputs = variables.get(argument.value.name.value)
                return len(inputs) if isinstance(inputs, list) else 1
    return 1


def _page_sizes(field: FieldNode) -> list[ValueNode]:
    return [
        argument.value
        for argument in field.arguments or ()
        if argument.name.value in ("first", "last") and not isinstance(argument.value, NullValueNode)
    ]


def _page_items(field: FieldNode, variables: Mapping[str, object] | None) -> int:
    sizes = _page_sizes(field)
    if not sizes:
        return PAGE_SIZE_DEFAULT
    # At least one: a page of -100 items would pay for the rest of the document.
    return max(1, *(min(_page_size(size, variables), PAGE_SIZE_MAX) for size in sizes))


def _page_size(size: ValueNode, variables: Mapping[str, object] | None) -> int:
    if isinstance(size, VariableNode):
        if variables is None:
            return 1
        value = variables.get(size.name.value)
        return value if isinstance(value, int) else PAGE_SIZE_DEFAULT
    # The length first: int() of thousands of digits is slow, and of more than 4,300 an error.
    if isinstance(size, IntValueNode) and len(size.value) <= len(str(PAGE_SIZE_MAX)):
        return int(size.value)
    return PAGE_SIZE_MAX
