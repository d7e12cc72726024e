"""Business refusals as clients see them."""

from collections.abc import Sequence

import strawberry

from ledger.metrics import count_refusals
from ledger.rejections import MEANING, ErrorCode, Rejection
from schema.enums import describe_enum

# Who has a field of this type takes it from here, where it is described.
__all__ = ["ErrorCode", "UserError", "user_errors"]

describe_enum(ErrorCode, "Why something was refused. Names are never changed or reused.", MEANING)


@strawberry.type(
    description=(
        "A business refusal, as data. Top-level `errors` are kept for what is not business; each has "
        "`extensions.code` (BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, OVERLOADED, UNAVAILABLE or "
        "INTERNAL), and on mutations `extensions.executed`, NO or UNKNOWN."
    )
)
class UserError:
    """A refusal in a payload's `userErrors`."""

    code: ErrorCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people. It may change; the code does not.")
    field: list[str] | None = strawberry.field(
        description='The path of the culprit in `input`, such as `["amount"]`; null where no single field is to blame.'
    )


def user_errors(rejections: Sequence[Rejection]) -> list[UserError]:
    """The refusals as a payload lists them; they count as told."""
    count_refusals(rejections)
    return [
        UserError(code=rejection.code, message=rejection.message, field=list(rejection.field) or None)
        for rejection in rejections
    ]
