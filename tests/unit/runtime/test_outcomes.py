"""How a request ended, by the codes and the status of its answer."""

from collections.abc import Sequence

import pytest

from runtime.http.exchange import route_of
from runtime.http.outcomes import Outcome, outcome_of
from schema.failures import FailureCode

OF_CODES = {
    FailureCode.BAD_USER_INPUT: Outcome.CLIENT_ERROR,
    FailureCode.UNAUTHENTICATED: Outcome.CLIENT_ERROR,
    FailureCode.FORBIDDEN: Outcome.CLIENT_ERROR,
    FailureCode.RATE_LIMITED: Outcome.RATE_LIMITED,
    FailureCode.OVERLOADED: Outcome.OVERLOADED,
    FailureCode.UNAVAILABLE: Outcome.ERROR,
    FailureCode.INTERNAL: Outcome.ERROR,
}


@pytest.mark.parametrize("code", FailureCode)
def test_every_code_has_its_outcome_whatever_the_status(code: FailureCode) -> None:
    assert outcome_of([code], 200) is outcome_of([code], 503) is OF_CODES[code]


@pytest.mark.parametrize(
    ("codes", "status", "outcome"),
    [
        ((), 200, Outcome.OK),
        ((), 304, Outcome.OK),
        ((), 404, Outcome.CLIENT_ERROR),
        ((), 429, Outcome.RATE_LIMITED),
        ((), 503, Outcome.ERROR),
        ((), None, Outcome.CLIENT_ERROR),
        (("CLIENT_GONE",), None, Outcome.CLIENT_ERROR),
        (("BROKEN_OFF",), 200, Outcome.ERROR),
        (("BAD_USER_INPUT", "OVERLOADED", "RATE_LIMITED"), 200, Outcome.OVERLOADED),
        (("UNAVAILABLE", "OVERLOADED"), 200, Outcome.ERROR),
    ],
)
def test_the_worst_is_told(codes: Sequence[str], status: int | None, outcome: Outcome) -> None:
    assert outcome_of(codes, status) is outcome


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/graphql", "/graphql"),
        ("/health/ready", "/health/ready"),
        ("/exports/secret.of-a_link", "/exports/"),
        ("/static/graphiql.js", "/static/"),
        ("/graphql/secret", "other"),
        ("/export/secret", "other"),
        ("//exports/secret", "other"),
        ("/secret", "other"),
    ],
)
def test_no_path_is_told_that_a_client_made_up(path: str, told: str) -> None:
    assert route_of(path) == told
