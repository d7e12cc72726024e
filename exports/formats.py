"""How an export is written: CSV for spreadsheets and accountants, JSON Lines for programs."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import orjson

from ledger.exports import ExportedEntry
from ledger.money import Currency, decimal_text
from schema.exports import ExportFormat
from schema.ids import IdKind, write_id
from schema.scalars import write_date_time


class Row(NamedTuple):
    """A line of the file: its fields are the columns, in this order. Amounts are unsigned decimals."""

    type: str
    kind: str
    status: str
    amount: str
    currency: str
    created_at: str
    operation: str
    summary: str
    counterparty: str | None
    balance_after: str


class Format(NamedTuple):
    """`head` is what comes before the rows, `end` what comes after that many of them."""

    media_type: str
    extension: str
    head: bytes
    rows: Callable[[Iterable[Row]], bytes]
    end: Callable[[int], bytes]


def row_of(entry: ExportedEntry, currency: Currency) -> Row:
    """The entry of a wallet in that currency."""
    return Row(
        type="out" if entry.is_out else "in",
        kind=entry.kind,
        status=entry.status,
        amount=decimal_text(abs(entry.change), currency.exponent),
        currency=currency.code,
        created_at=write_date_time(entry.created_at),
        operation=write_id(IdKind.OPERATION, entry.operation_id),
        summary=entry.summary,
        counterparty=entry.counterparty,
        balance_after=decimal_text(entry.balance_after, currency.exponent),
    )


# What a spreadsheet takes for the beginning of a formula, the full-width forms too: at the beginning, and wherever one
# that separates cells by something else than commas would begin a cell.
_RUNS = re.compile(
    r"^(?=[\t\r\n=+\-@\uff1d\uff0b\uff0d\uff20])|(?<=[;\t\r\n|])(?=[ \"']*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)


def inert(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return _RUNS.sub("'", text)


def _csv(rows: Iterable[Iterable[str | None]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _csv_rows(rows: Iterable[Row]) -> bytes:
    # The other cells are of our making: they begin with a letter or a digit, for no balance is below zero.
    return _csv(
        row._replace(summary=inert(row.summary), counterparty=inert(row.counterparty or "")) for row in rows
    )


def _json_rows(rows: Iterable[Row]) -> bytes:
    return b"".join(orjson.dumps(row._asdict(), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _json_end(row_count: int) -> bytes:
    return orjson.dumps({"end": True, "rows": row_count}, option=orjson.OPT_APPEND_NEWLINE)


FORMATS: Mapping[ExportFormat, Format] = MappingProxyType(
    {
        ExportFormat.CSV: Format(
            "text/csv; charset=utf-8; header=present", "csv", _csv([Row._fields]), _csv_rows, lambda _: b""
        ),
        ExportFormat.JSON_LINES: Format(
            "application/jsonl; charset=utf-8", "jsonl", b"", _json_rows, _json_end
        ),
    }
)
