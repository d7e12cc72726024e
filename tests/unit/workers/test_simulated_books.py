"""The simulated bank's books: what they take, what they never forget, and a journal that stays whole."""

import os
from pathlib import Path

import pytest

from workers.bank import Answer, Payment, Result
from workers.simulated_bank import books as module
from workers.simulated_bank.bank import utc_now
from workers.simulated_bank.books import Books, BooksFull
from workers.simulated_bank.journal import Decision, Journal, JournalError


def payment(reference: str) -> Payment:
    return Payment(reference, "DE02", "12.50", "EUR", utc_now())


def decision(reference: str, result: Result, reason: str = "") -> Decision:
    return Decision(
        at=utc_now().isoformat(),
        reference=reference,
        destination="DE02",
        amount="12.50",
        currency="EUR",
        result=result,
        reason=reason,
    )


def test_what_was_paid_stays_paid_and_a_refusal_gives_way_to_nothing_else() -> None:
    books = Books()
    for result in (Result.FAILED, Result.REFUSED, Result.FAILED, Result.PAID, Result.REFUSED, Result.FAILED):
        books.book(decision("one", result))
        if result is Result.REFUSED and not books.payments:
            assert books.answer("one") == Answer(Result.REFUSED)
    assert books.answer("one") == Answer(Result.PAID)
    assert [paid.reference for paid in books.payments] == ["one"]
    books.book(decision("two", Result.REFUSED))
    books.book(decision("two", Result.FAILED, "TOO_LATE"))
    assert books.answer("two") == Answer(Result.REFUSED)


def test_full_books_turn_new_payments_away_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_MAX", 2)
    books = Books()
    for reference in ("one", "two"):
        books.known(payment(reference))
    with pytest.raises(BooksFull):
        books.known(payment("three"))
    assert books.known(payment("one")).answer == Answer(Result.NOT_KNOWN)
    assert books.answer("three") == Answer(Result.NOT_KNOWN)


def test_a_line_that_does_not_fit_leaves_the_journal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bank.jsonl"
    with Journal(path) as journal:
        books = Books(journal)
        books.book(decision("one", Result.PAID))
        before = path.read_bytes()
        write = os.write
        with monkeypatch.context() as full_disk:
            full_disk.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:10]))
            with pytest.raises(OSError, match="did not fit"):
                books.book(decision("two", Result.PAID))
        assert path.read_bytes() == before
        assert books.answer("two") == Answer(Result.NOT_KNOWN)
        books.book(decision("three", Result.PAID))
    with Journal(path) as journal:
        assert [paid.reference for paid in Books(journal).payments] == ["one", "three"]


@pytest.mark.parametrize("begun", ["{", '{"at":"2026'])
def test_a_line_of_ours_that_was_not_finished_is_cut_off(tmp_path: Path, begun: str) -> None:
    path = tmp_path / "books.jsonl"
    path.write_text(begun)
    with Journal(path) as journal:
        assert list(journal.read()) == []
    assert path.read_text() == ""


@pytest.mark.parametrize("theirs", ['{"name":"precious"}', "hello", "hello\nworld\n"])
def test_a_file_of_somebody_elses_is_left_as_it_is(tmp_path: Path, theirs: str) -> None:
    path = tmp_path / "precious.json"
    path.write_text(theirs)
    with Journal(path) as journal, pytest.raises(JournalError, match="not of a bank's books"):
        list(journal.read())
    assert path.read_text() == theirs


def test_only_a_file_is_a_journal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/null"), tmp_path / "pipe"):
        with pytest.raises(JournalError, match="is no file"), Journal(path):
            pass
