"""Authorizations: what became of money that was set aside."""

from enum import StrEnum
from typing import Annotated

import strawberry

from ledger.books import Currencies
from ledger.outcomes import Operation as Record
from ledger.views import ReservationView
from schema.enums import describe_enum
from schema.money import Money, money
from schema.scalars import DateTime


class AuthorizationState(StrEnum):
    """The states of authorizations."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


describe_enum(
    AuthorizationState,
    "How far an authorization has come.",
    {
        AuthorizationState.OPEN: "Money is held, and can be captured or released.",
        AuthorizationState.CAPTURED: "Captured; what was not captured is released.",
        AuthorizationState.RELEASED: "The company released what was still held.",
        AuthorizationState.EXPIRED: "Its time came, and what was still held was released by itself.",
    },
)

# As the ledger calls them: there a deposit's wait ends as well.
_STATES = {"ENDED": AuthorizationState.EXPIRED}
_LEDGER_STATES = {AuthorizationState.EXPIRED: "ENDED"}

StatesArgument = Annotated[
    list[AuthorizationState] | None, strawberry.argument(description="Only those in one of these states.")
]


@strawberry.type(description="How far an authorization has come.")
class Authorization:
    """What the reservation of an AUTHORIZATION holds now."""

    state: AuthorizationState = strawberry.field(description="How far it has come.")
    captured: Money = strawberry.field(description="What was captured so far, in the currency of `amount`.")
    remaining: Money = strawberry.field(
        description="What can still be captured, in the currency of `amount`; zero once it is over."
    )
    held: Money = strawberry.field(
        description="What is still held, in the currency of the wallet it is held in."
    )
    expires_at: DateTime = strawberry.field(
        description="When what is still held then becomes available again by itself."
    )


def authorization(record: Record, reservation: ReservationView, currencies: Currencies) -> Authorization:
    """The authorization of that operation as it stands now."""
    is_open = reservation.state == "OPEN"
    assert record.source_currency is not None
    return Authorization(
        state=_STATES.get(reservation.state) or AuthorizationState(reservation.state),
        captured=money(reservation.captured, record.currency, currencies),
        remaining=money(
            reservation.asked - reservation.captured if is_open else 0, record.currency, currencies
        ),
        held=money(reservation.remaining, record.source_currency, currencies),
        expires_at=DateTime(reservation.ends_at),
    )


def ledger_states(states: list[AuthorizationState] | None) -> list[str] | None:
    """The states by the ledger's names."""
    return None if states is None else [_LEDGER_STATES.get(state) or state.value for state in states]
