"""docs/api.md: its examples do the same in three languages, and its lists are those of the code."""

import re

from ledger.rejections import MEANING, ErrorCode
from runtime.settings import Settings
from schema.failures import FailureCode
from schema.ids import IdKind
from schema.paging import PAGE_SIZE_MAX
from schema.requests.bodies import BATCH_OPERATIONS_MAX
from schema.requests.cost import FILTER_COST, LIMITS, READING_COSTS
from schema.requests.endpoint import BODY_SECONDS_MAX
from tests.docs.examples import (
    EXAMPLES,
    TypeScript,
    blocks,
    needs_curl,
    needs_node,
    run_python,
    run_shell,
)
from tests.docs.tables import ROOT, table_of
from tests.running import Service

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
PRINTED = "".join(blocks(PAGE, "text"))


def test_every_example_is_told_in_three_languages() -> None:
    counts = {language: len(blocks(PAGE, language)) for language in ("sh", "python", "ts", "text")}
    assert len(set(counts.values())) == 1, counts


@needs_curl
def test_in_a_shell(service: Service) -> None:
    assert run_shell("".join(blocks(PAGE, "sh")), service.url) == PRINTED


def test_in_python(service: Service) -> None:
    assert run_python("".join(blocks(PAGE, "python")), service.url) == PRINTED


@needs_node
def test_in_typescript(service: Service, typescript: TypeScript) -> None:
    assert typescript.run("".join(blocks(PAGE, "ts")), service.url) == PRINTED


def test_every_code_of_a_top_level_error_is_there() -> None:
    assert [row[0] for row in table_of("api.md", "Top-level code").rows] == list(FailureCode)


def test_every_refusal_is_there_with_its_meaning() -> None:
    rows = table_of("api.md", "Code in userErrors").rows
    assert rows == tuple((code, meaning.replace("`", "")) for code, meaning in MEANING.items())


def test_the_types_know_every_refusal() -> None:
    listed = re.search(
        r"export type ErrorCode =((?:\s+\| \"\w+\")+);", (EXAMPLES / "typescript/purser.ts").read_text()
    )
    assert listed is not None
    assert re.findall(r"\w+", listed[1]) == list(ErrorCode)


def test_every_kind_of_id_is_there() -> None:
    listed = table_of("api.md", "What", "Looks like").by_name()["id"][0]
    assert set(re.findall(r"(\w+)_…", listed)) == set(IdKind)


def test_the_limits_are_those_of_the_code() -> None:
    rows = table_of("api.md", "Limit").rows
    assert {name: int(value.replace(",", "")) for name, value in rows} == {
        "Requests in a batch": BATCH_OPERATIONS_MAX,
        "Inputs in one request, of all …Many together": LIMITS.inputs_max,
        "Items on a page": PAGE_SIZE_MAX,
        "Bytes of a body": Settings().body_bytes_max,
        "Seconds for a body to arrive": BODY_SECONDS_MAX,
        "Levels of fields": LIMITS.depth_max,
        "Fields, fragments written out": LIMITS.fields_max,
        "Aliases": LIMITS.aliases_max,
        "Directives": LIMITS.directives_max,
        "Cost of an operation": LIMITS.cost_max,
    }
    text = " ".join(PAGE.split())
    assert f"`totals` costs {READING_COSTS['totals']}, a `filter` as well" in text
    assert READING_COSTS["totals"] == FILTER_COST
    assert {READING_COSTS[name] for name in ("balanceAt", "statement", "totalCount")} == {20}
