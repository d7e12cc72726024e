"""From coerced GraphQL values to the Python values that resolvers take, worked out once for each field."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from typing import Any

from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    WithStrawberryObjectDefinition,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition

Convert = Callable[[Any], Any]


class NotConvertible(Exception):
    """The type is of a kind that no argument here has; Strawberry converts it."""


def argument_converters(
    arguments: Iterable[StrawberryArgument], config: StrawberryConfig
) -> Mapping[str, tuple[str, Convert]]:
    """For each argument, by its GraphQL name: its Python name and how its value is converted."""
    inputs: dict[type, Convert] = {}
    return {
        config.name_converter.from_argument(argument): (
            argument.python_name,
            _converter(argument.type, config, inputs),
        )
        for argument in arguments
    }


def _converter(type_: Any, config: StrawberryConfig, inputs: dict[type, Convert]) -> Convert:
    if isinstance(type_, StrawberryMaybe):
        raise NotConvertible
    if isinstance(type_, StrawberryOptional):
        return _unless_null(_converter(type_.of_type, config, inputs))
    if isinstance(type_, StrawberryList):
        convert = _converter(type_.of_type, config, inputs)
        return lambda values: [convert(value) for value in values]
    if has_object_definition(type_):
        return inputs.get(type_) or _input_converter(type_, config, inputs)
    if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
        return _itself
    if type_ in (str, int, float, bool) or hasattr(type_, "__supertype__") or type_ in config.scalar_map:
        # Scalars and enums come from coercion as they are to be.
        return _itself
    raise NotConvertible


def _itself(value: Any) -> Any:
    return value


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _input_converter(
    type_: type[WithStrawberryObjectDefinition], config: StrawberryConfig, inputs: dict[type, Convert]
) -> Convert:
    definition = type_.__strawberry_definition__
    if not definition.is_input or definition.from_input is not None:
        raise NotConvertible
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    converters: list[tuple[str, str, Convert]] = []

    def convert(value: Mapping[str, Any]) -> Any:
        given = dict(absent)
        for name, python_name, convert_field in converters:
            if name in value:
                given[python_name] = convert_field(value[name])
        return type_(**given)

    # Known before its fields are looked at: one of them may be of this very type.
    inputs[type_] = convert
    converters += [
        (
            config.name_converter.from_field(field),
            field.python_name,
            _converter(field.resolve_type(type_definition=definition), config, inputs),
        )
        for field in definition.fields
    ]
    return convert
