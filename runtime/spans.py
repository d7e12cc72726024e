"""What a span of a trace is told of, in the words of OpenTelemetry."""

from typing import Literal

Attributes = dict[str, str | int | float | bool]
Kind = Literal["INTERNAL", "SERVER", "CLIENT"]
