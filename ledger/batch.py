"""Deciding the bundles of a batch in turn, each on the books as the one before left them. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger.books import Books
from ledger.commands import Enqueue
from ledger.decisions import Acceptance, Decision, decide
from ledger.outcomes import Outcome, Replay
from ledger.rejections import NOT_EXECUTED, Rejection
from ledger.requests import Bundle, Request
from ledger.sheet import Savepoint, Sheet

_NOT_EXECUTED = Outcome(None, None, NOT_EXECUTED)


def decide_all(
    batch: Sequence[Bundle], answered: Mapping[UUID, Outcome | Replay], books: Books, sheet: Sheet
) -> dict[UUID, Outcome]:
    """The outcome of each request that is not answered already, by the id of its operation."""
    outcomes: dict[UUID, Outcome] = {}
    for bundle in batch:
        if bundle.is_atomic:
            _decide_together(bundle, answered, books, sheet, outcomes)
            continue
        for request in bundle.requests:
            if not answered or request.operation_id not in answered:
                outcomes[request.operation_id] = _decide(request, books, sheet)
    return outcomes


def _decide(request: Request, books: Books, sheet: Sheet) -> Outcome:
    return _keep(request, decide(request.command, books), sheet)


def _keep(request: Request, decision: Decision | Acceptance | Rejection, sheet: Sheet) -> Outcome:
    if isinstance(decision, Decision):
        return sheet.record(request.command, request.operation_id, decision)
    if isinstance(decision, Acceptance):
        assert isinstance(request.command, Enqueue)
        return sheet.accept(request.command, request.operation_id, decision)
    return Outcome(None, None, decision)


def _decide_together(
    bundle: Bundle,
    answered: Mapping[UUID, Outcome | Replay],
    books: Books,
    sheet: Sheet,
    outcomes: dict[UUID, Outcome],
) -> None:
    """All of them, or none: then the one that was refused is recorded alone."""
    before = sheet.savepoint()
    for request in bundle.requests:
        answer = answered.get(request.operation_id)
        if answer is not None:
            if _rejection_of(answer, outcomes) is not None:
                _undo(bundle, answered, before, sheet, outcomes)
                return
            continue
        decision = decide(request.command, books)
        if isinstance(decision, Rejection) or (
            isinstance(decision, Decision) and decision.rejection is not None
        ):
            _undo(bundle, answered, before, sheet, outcomes)
            outcomes[request.operation_id] = _keep(request, decision, sheet)
            return
        outcomes[request.operation_id] = _keep(request, decision, sheet)


def _rejection_of(answer: Outcome | Replay, outcomes: Mapping[UUID, Outcome]) -> Rejection | None:
    # What was asked first with that key was decided before this, if it is in this batch at all.
    first = outcomes.get(answer.operation_id) if isinstance(answer, Replay) else None
    return answer.rejection if first is None else first.rejection


def _undo(
    bundle: Bundle,
    answered: Mapping[UUID, Outcome | Replay],
    before: Savepoint,
    sheet: Sheet,
    outcomes: dict[UUID, Outcome],
) -> None:
    sheet.roll_back(before)
    for request in bundle.requests:
        if request.operation_id not in answered:
            outcomes[request.operation_id] = _NOT_EXECUTED
