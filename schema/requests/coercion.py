"""Coercion of input values, worked out once for each type: graphql-core looks at the type anew for each value.

The result is that of `graphql.utilities.coerce_input_value`, to which tests hold it. Values come from JSON.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    Undefined,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type import is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value

# Answers Undefined for a value that does not fit.
Coerce = Callable[[Any], Any]


def coercer(type_: GraphQLInputType, inputs: dict[str, Coerce] | None = None) -> Coerce:
    """How values of this type are coerced. `inputs`: the input objects met on the way, by name."""
    inputs = {} if inputs is None else inputs
    if is_non_null_type(type_):
        coerce = coercer(type_.of_type, inputs)
        return lambda value: Undefined if value is None else coerce(value)
    if is_list_type(type_):
        return _list_coercer(coercer(type_.of_type, inputs))
    if is_input_object_type(type_):
        return inputs.get(type_.name) or _object_coercer(type_, inputs)
    assert is_leaf_type(type_)
    return _leaf_coercer(type_.coerce_input_value)


def _leaf_coercer(parse: Callable[[Any], Any]) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        try:
            return parse(value)
        except Exception:  # noqa: BLE001 - whatever a scalar says of a value, it does not fit
            return Undefined

    return coerce


def _list_coercer(coerce_item: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        # What is no list is a list of one.
        items = [coerce_item(item) for item in (value if isinstance(value, list) else [value])]
        return Undefined if any(item is Undefined for item in items) else items

    return coerce


def _object_coercer(type_: GraphQLInputObjectType, inputs: dict[str, Coerce]) -> Coerce:
    fields: dict[str, tuple[str, Coerce]] = {}
    defaults: list[tuple[str, str, Any]] = []
    required: set[str] = set()
    is_one_of = type_.is_one_of

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or not required <= value.keys() <= fields.keys():
            return Undefined
        coerced = {fields[name][0]: fields[name][1](given) for name, given in value.items()}
        if any(given is Undefined for given in coerced.values()):
            return Undefined
        if is_one_of and (len(coerced) != 1 or None in coerced.values()):
            return Undefined
        coerced |= {out_name: default for name, out_name, default in defaults if name not in value}
        return type_.out_type(coerced)

    # Known before its fields are looked at: one of them may be of this very type.
    inputs[type_.name] = coerce
    for name, field in type_.fields.items():
        fields[name] = (field.out_name or name, coercer(field.type, inputs))
        if is_required_input_field(field):
            required.add(name)
        elif (default := coerce_default_value(field)) is not Undefined:
            defaults.append((name, field.out_name or name, default))
    return coerce
