"""What follows from an answer of the bank: paid on its word, given back on its word, and nothing on a guess."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.bank import Answer, Result
from workers.conclusions import (
    MARGIN_SECONDS,
    PAUSE_SECONDS_MAX,
    Claim,
    Next,
    conclude,
    seconds_to_next_attempt,
    seconds_to_next_question,
)

STARTED_AT = datetime(2026, 11, 21, tzinfo=UTC)
CALL_SECONDS = 30.0
OVER_SECONDS = CALL_SECONDS + MARGIN_SECONDS
ATTEMPTS_MAX = 3
ANSWERS = st.sampled_from([None, *map(Answer, Result)])


def claim(seconds: float, *, attempt: int = 1, is_new: bool = False) -> Claim:
    """Made so many seconds after the attempt began."""
    return Claim(
        *(UUID(int=1), UUID(int=2), attempt, "DE02", 100, "USD", 2, is_new, STARTED_AT),
        not_after=STARTED_AT + timedelta(seconds=CALL_SECONDS),
        claimed_at=STARTED_AT + timedelta(seconds=seconds),
    )


PAID, FAILED, REFUSED, UNDERWAY, NOT_KNOWN = map(Answer, Result)


@pytest.mark.parametrize(
    ("answer", "next_step"),
    [
        (PAID, Next.SETTLE_AS_PAID),
        (REFUSED, Next.SETTLE_AS_NOT_PAID),
        (FAILED, Next.PAY_AGAIN),
        (UNDERWAY, Next.ASK_AGAIN),
        (NOT_KNOWN, Next.ASK_AGAIN),
        (None, Next.ASK_AGAIN),
    ],
)
def test_of_a_payment(answer: Answer | None, next_step: Next) -> None:
    assert conclude(claim(0, is_new=True), answer, ATTEMPTS_MAX) is next_step


@pytest.mark.parametrize("seconds", [1, CALL_SECONDS, OVER_SECONDS - 0.001])
@pytest.mark.parametrize("answer", [FAILED, NOT_KNOWN, UNDERWAY, None])
def test_before_the_attempt_is_over_only_the_end_is_an_end(answer: Answer | None, seconds: float) -> None:
    assert conclude(claim(seconds), answer, ATTEMPTS_MAX) is Next.ASK_AGAIN
    assert conclude(claim(seconds), PAID, ATTEMPTS_MAX) is Next.SETTLE_AS_PAID
    assert conclude(claim(seconds), REFUSED, ATTEMPTS_MAX) is Next.SETTLE_AS_NOT_PAID


@pytest.mark.parametrize(
    ("answer", "next_step"),
    [
        (FAILED, Next.PAY_AGAIN),
        (NOT_KNOWN, Next.PAY_AGAIN),
        (UNDERWAY, Next.ASK_AGAIN),
        (None, Next.ASK_AGAIN),
    ],
)
def test_when_the_attempt_is_over(answer: Answer | None, next_step: Next) -> None:
    assert conclude(claim(OVER_SECONDS), answer, ATTEMPTS_MAX) is next_step


def test_after_the_last_attempt_the_money_is_given_back() -> None:
    last = claim(0, attempt=ATTEMPTS_MAX, is_new=True)
    assert conclude(last, FAILED, ATTEMPTS_MAX) is Next.SETTLE_AS_NOT_PAID
    asked = claim(OVER_SECONDS, attempt=ATTEMPTS_MAX)
    assert conclude(asked, NOT_KNOWN, ATTEMPTS_MAX) is Next.SETTLE_AS_NOT_PAID
    # Fewer are allowed by now than were made.
    assert conclude(asked, FAILED, 1) is Next.SETTLE_AS_NOT_PAID


@given(ANSWERS, st.floats(0, 10_000), st.integers(1, 30), st.booleans(), st.integers(1, 20))
def test_never_on_a_guess(
    answer: Answer | None, seconds: float, attempt: int, is_new: bool, attempts_max: int
) -> None:
    """Nothing is paid again or given back unless the bank has said something, and paid only on its word."""
    step = conclude(claim(seconds, attempt=attempt, is_new=is_new), answer, attempts_max)
    assert (step is Next.SETTLE_AS_PAID) == (answer == PAID)
    if answer in (None, UNDERWAY):
        assert step is Next.ASK_AGAIN
    if not is_new and seconds < OVER_SECONDS:
        assert step is not Next.PAY_AGAIN


def test_pauses_between_attempts() -> None:
    pauses = [seconds_to_next_attempt(attempt) for attempt in (1, 2, 3, 6, 7, 19)]
    assert pauses == [1, 2, 4, 32, PAUSE_SECONDS_MAX, PAUSE_SECONDS_MAX]


def test_pauses_between_questions() -> None:
    assert seconds_to_next_question(claim(0, is_new=True)) == 1
    # As long as it has lasted.
    assert [seconds_to_next_question(claim(seconds)) for seconds in (0.1, 1, 2, 4, 8)] == [1, 1, 2, 4, 8]
    # Not past the moment from which any answer tells.
    assert seconds_to_next_question(claim(31)) == pytest.approx(4)
    assert [seconds_to_next_question(claim(seconds)) for seconds in (OVER_SECONDS, 59, 61, 10**6)] == [
        *(OVER_SECONDS, 59, 60, 60),
    ]
