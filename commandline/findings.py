"""What `purser reconcile` shows: how far it is, a line for each fault, or one JSON document."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from commandline.progress import progress
from commandline.results import print_json, say
from ledger.reconciliation import CHECKS, Fault, Figures, Finding, Reconciliation
from schema.ids import IdKind, write_id


async def tell_findings(dsn: str, *, as_json: bool) -> bool:
    """Whether everything in the ledger is as it should be, after telling what is not.

    Raises SchemaNotCurrent, TimeoutError, OSError or asyncpg's errors where that can't be found out.
    """
    started_at = time.monotonic()
    findings = []
    async with Reconciliation.open(dsn) as ledger:
        figures = ledger.figures
        for number, name in enumerate(CHECKS, 1):
            with progress(f"{number}/{len(CHECKS)} {name}"):
                finding = await ledger.check(name)
            findings.append(finding)
            if not as_json:
                for line in _lines(finding):
                    say(line)
    seconds = time.monotonic() - started_at
    is_well = not any(finding.fault_count for finding in findings)
    if as_json:
        print_json(_document(figures, findings, seconds))
    else:
        say(_summary(figures, findings, seconds), fg="green" if is_well else "red")
    return is_well


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


def _document(figures: Figures, findings: Sequence[Finding], seconds: float) -> dict[str, Any]:
    return {
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


def _fault(fault: Fault) -> dict[str, Any]:
    wallet, operation = _ids(fault)
    return {**fault._asdict(), "wallet_id": wallet, "operation_id": operation}


def _ids(fault: Fault) -> tuple[str | None, str | None]:
    """The wallet's and the operation's as the API writes them; PostgreSQL takes what follows the prefix."""
    return (
        None if fault.wallet_id is None else write_id(IdKind.WALLET, fault.wallet_id),
        None if fault.operation_id is None else write_id(IdKind.OPERATION, fault.operation_id),
    )
