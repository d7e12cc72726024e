"""Enums with a description on every value, also those that lower layers define."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import strawberry

Values = TypeVar("Values", bound=StrEnum)


def describe_enum(enum: type[Values], description: str, meaning: Mapping[Values, str]) -> None:
    """Makes the enum one of the schema's. Every value needs its meaning: KeyError where one is missing."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = meaning[enum[value.name]]
