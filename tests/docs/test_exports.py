"""What docs/exports.md says is so."""

import json
import re

from auth.export_links import LINK_SECONDS
from exports.downloads import (
    DOWNLOAD_SECONDS_MAX,
    DOWNLOADS_EACH_MAX,
    DOWNLOADS_MAX,
    RETRY_OVERLOADED_SECONDS,
)
from exports.formats import FORMATS, Row
from ledger.exports import PART_ROWS
from runtime.http_protocol import READ_SECONDS_MAX
from schema.exports import ExportFormat
from tests.docs.tables import ROOT, table_of

PAGE = (ROOT / "docs" / "exports.md").read_text("utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_every_column_is_explained_in_its_place() -> None:
    assert tuple(row[0] for row in table_of("exports.md", "Column").rows) == Row._fields


def test_the_files_that_are_shown_are_written_so() -> None:
    *lines, _ = map(json.loads, block("json").splitlines())
    rows = [Row(**line) for line in lines]
    for export_format, language in ((ExportFormat.CSV, "csv"), (ExportFormat.JSON_LINES, "json")):
        written = FORMATS[export_format]
        content = written.head + written.rows(rows) + written.end(len(rows))
        assert content.decode().replace("\r\n", "\n") == block(language)


def test_the_limits_are_those() -> None:
    text = " ".join(PAGE.split())
    for sentence in (
        f"It works for {LINK_SECONDS // 60} minutes from when",
        f"sends {DOWNLOADS_MAX} files at once, at most {DOWNLOADS_EACH_MAX} of one account",
        f"`Retry-After: {RETRY_OVERLOADED_SECONDS}`",
        f"Rows are read {PART_ROWS} at a time",
        f"does not read for {READ_SECONDS_MAX:.0f} seconds",
    ):
        assert sentence in text
    assert "more than an hour" in text
    assert DOWNLOAD_SECONDS_MAX == 3600
