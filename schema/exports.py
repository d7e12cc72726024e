"""A wallet's history as a file."""

from enum import StrEnum
from typing import Annotated

import strawberry

from schema.enums import describe_enum
from schema.errors import UserError
from schema.scalars import DateTime, WalletToken


class ExportFormat(StrEnum):
    """How the file is written."""

    CSV = "CSV"
    JSON_LINES = "JSON_LINES"


describe_enum(
    ExportFormat,
    "How the file is written.",
    {
        ExportFormat.CSV: (
            "Comma-separated values by RFC 4180, in UTF-8 with a header. A text that a spreadsheet would run has an "
            "apostrophe before it."
        ),
        ExportFormat.JSON_LINES: (
            "One JSON object a line, with the names of the CSV's columns and texts exactly as they are; the last line "
            'is `{"end": true, "rows": 12}`.'
        ),
    },
)


@strawberry.input(description="Which part of which history, and how it is written.")
class ExportHistoryInput:
    """The caller owns the wallet or is an administrator."""

    wallet: WalletToken = strawberry.field(description="The wallet's token.")
    from_: DateTime | None = strawberry.field(
        name="from", default=None, description="Not before this instant; from the first entry when left out."
    )
    to: DateTime | None = strawberry.field(
        default=None,
        description="Before this instant; all that has happened by now when left out or in the future.",
    )
    format: ExportFormat | None = strawberry.field(
        default=ExportFormat.CSV, description="How the file is written; CSV where null."
    )


@strawberry.type(description="A link to a wallet's history as a file.")
class ExportHistoryPayload:
    """The answer to asking for an export."""

    url: str | None = strawberry.field(
        description=(
            "Where the file is to be had, by GET and without any header: who has the link has the file, so treat it "
            "like a password. It works for 15 minutes, as often as you like and with the same entries each time; it "
            "ends early with the session that it was made in. Null when there are userErrors."
        )
    )
    expires_at: DateTime | None = strawberry.field(
        description="Until when a download can begin; null when there are userErrors."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Why there is no link; empty when all is well."
    )


ExportHistoryArgument = Annotated[
    ExportHistoryInput, strawberry.argument(description="Which part of which history, and how it is written.")
]
