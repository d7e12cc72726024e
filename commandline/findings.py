"""What `purser reconcile` shows: its progress on a terminal, a line for each fault, or one JSON document."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import click
import orjson

from ledger.reconciliation import CHECKS, Fault, Figures, Finding, Reconciliation
from schema.ids import IdKind, write_id

_PROGRESS_SECONDS = 0.5
_CLEAR_LINE = "\r\033[K"


async def tell_findings(dsn: str, *, as_json: bool) -> bool:
    """Whether everything in the ledger is as it should be, after telling what is not.

    Raises NotReconcilableError, TimeoutError, OSError or asyncpg's errors where that can't be found out.
    """
    started_at = time.monotonic()
    findings = []
    async with Reconciliation.open(dsn) as ledger:
        figures = ledger.figures
        for number, name in enumerate(CHECKS, 1):
            async with _progress(f"{number}/{len(CHECKS)} {name}"):
                finding = await ledger.check(name)
            findings.append(finding)
            if not as_json:
                for line in _lines(finding):
                    click.echo(line)
    seconds = time.monotonic() - started_at
    click.echo(_document(figures, findings, seconds) if as_json else _summary(figures, findings, seconds))
    return not any(finding.fault_count for finding in findings)


@asynccontextmanager
async def _progress(text: str) -> AsyncIterator[None]:
    """Shows what is being done, and for how long, where a person looks on."""
    if not sys.stderr.isatty():
        yield
        return
    showing = asyncio.create_task(_show(text))
    try:
        yield
    finally:
        showing.cancel()
        click.echo(_CLEAR_LINE, err=True, nl=False)


async def _show(text: str) -> None:
    started_at = time.monotonic()
    while True:
        click.echo(f"{_CLEAR_LINE}{text} {time.monotonic() - started_at:.0f} s", err=True, nl=False)
        await asyncio.sleep(_PROGRESS_SECONDS)


def _lines(finding: Finding) -> Iterator[str]:
    for fault in finding.faults:
        words = [finding.check, *_subject(fault), f"{fault.what} should be {_text(fault.expected, fault)}, "]
        yield ": ".join(words) + f"but is {_text(fault.found, fault)}"
    if more := finding.fault_count - len(finding.faults):
        yield f"{finding.check}: and {more:,} more"


def _subject(fault: Fault) -> list[str]:
    wallet, operation = _ids(fault)
    entry = None if fault.entry is None else f"entry {fault.entry}"
    words = " ".join(word for word in (wallet, entry, operation) if word is not None)
    return [words] if words else []


def _text(value: str, fault: Fault) -> str:
    is_amount = fault.currency is not None and value[-1].isdigit()
    return f"{value} {fault.currency}" if is_amount else value


def _summary(figures: Figures, findings: Sequence[Finding], seconds: float) -> str:
    fault_count = sum(finding.fault_count for finding in findings)
    failed_count = sum(finding.fault_count > 0 for finding in findings)
    looked_at = (
        f"{figures.wallets:,} wallets, {figures.operations:,} operations and {figures.entries:,} entries, as at "
        f"{figures.taken_at:%Y-%m-%d %H:%M:%S} UTC, in {seconds:.1f} s"
    )
    if fault_count:
        faults = "1 fault" if fault_count == 1 else f"{fault_count:,} faults"
        return f"WRONG: {faults}, found by {failed_count} of {len(findings)} checks of {looked_at}."
    return f"All is well: {len(findings)} checks of {looked_at}."


def _document(figures: Figures, findings: Sequence[Finding], seconds: float) -> str:
    document = {
        "is_well": not any(finding.fault_count for finding in findings),
        "seconds": round(seconds, 3),
        "figures": figures._asdict(),
        "checks": [
            {
                "name": finding.check,
                "seconds": round(finding.seconds, 3),
                "fault_count": finding.fault_count,
                "faults": [_fault(fault) for fault in finding.faults],
            }
            for finding in findings
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _fault(fault: Fault) -> dict[str, Any]:
    wallet, operation = _ids(fault)
    return {**fault._asdict(), "wallet_id": wallet, "operation_id": operation}


def _ids(fault: Fault) -> tuple[str | None, str | None]:
    """The wallet's and the operation's as the API writes them; PostgreSQL takes what follows the prefix."""
    return (
        None if fault.wallet_id is None else write_id(IdKind.WALLET, fault.wallet_id),
        None if fault.operation_id is None else write_id(IdKind.OPERATION, fault.operation_id),
    )
