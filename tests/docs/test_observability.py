"""docs/observability.md against the code, and against the lines of a running service."""

import re
import time

import orjson
import pytest

from runtime.http.outcomes import Outcome, outcome_of
from runtime.logging import LINES_MAX
from runtime.postgresql_binaries import SERVER_SETTINGS
from runtime.telemetry import CLOSE_SECONDS_MAX
from schema.failures import FailureCode
from tests.client import Api
from tests.docs.log_calls import Event, events
from tests.docs.tables import ROOT, table_of
from tests.log_lines import line_of
from tests.running import Service

PAGE = "observability.md"
FLAT = " ".join((ROOT / "docs" / PAGE).read_text("utf-8").split())


def listed_events() -> dict[str, Event]:
    return {
        words: Event(*({name for name in cell.split(", ") if name} for cell in cells[:3]))
        for words, cells in table_of(PAGE, "Event").by_name().items()
    }


def test_every_event_is_there_with_its_fields() -> None:
    # The one that is not logged by a call, because it is the log that makes it.
    known = {"log lines dropped": Event({"WARNING"}, {"purser.log"}, {"dropped"})}
    assert listed_events() == events() | known


def test_the_outcomes_are_those() -> None:
    listed = table_of(PAGE, "Outcome").by_name()
    assert list(listed) == list(Outcome)
    for outcome, (_, codes) in listed.items():
        for code in re.findall("[A-Z_]{3,}", codes):
            assert outcome_of([FailureCode(code)], 200) == outcome
    assert {code for _, codes in listed.values() for code in re.findall("[A-Z_]{3,}", codes)} == set(
        FailureCode
    )


def test_the_figures_are_those_of_the_code() -> None:
    assert f"when {LINES_MAX:,} wait, further ones are dropped" in FLAT
    assert f"what is left is exported, for {CLOSE_SECONDS_MAX:g} s at most" in FLAT
    for setting in re.findall(r"log_\w+ = \w+", FLAT):
        name, _, value = setting.partition(" = ")
        assert SERVER_SETTINGS[name] == value


@pytest.mark.parametrize(
    "document", ["mutation Pay { logOut { userErrors { code } } }", "query Nothing { nothing }"]
)
async def test_a_request_leaves_the_line_that_is_explained(
    anyone: Api, service: Service, document: str
) -> None:
    request_id = f"page-{time.time_ns()}"
    client = await anyone.sign_up_client()
    reply = await client.http.post(
        "/graphql",
        json={"query": document},
        headers={"Authorization": f"Bearer {client.token}", "X-Request-ID": request_id},
    )
    assert reply.headers["x-request-id"] == request_id
    line = await line_of(service, request_id=request_id)
    told = set(table_of(PAGE, "Field").by_name()) - {"trace_id"}
    (example,) = re.findall(r"```json\n(.*?)\n```", (ROOT / "docs" / PAGE).read_text("utf-8"))
    common = ["time", "level", "logger", "event"]
    if reply.json().get("data"):
        assert list(line) == list(orjson.loads(example))
        assert set(line) == {*told, *common} - {"codes"}
        assert (line["operation"], line["outcome"]) == ("Pay", "ok")
    else:
        assert set(line) == {*told, *common} - {"operation"}
        assert (line["codes"], line["outcome"]) == ("BAD_USER_INPUT", "client_error")
    assert told == {*listed_events()["request"].fields}
