"""A sheet that is rolled back leaves the books as they were, and nothing to write."""

from dataclasses import astuple
from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger.books import OPEN, Books, Reservation, Share
from ledger.commands import Authorize, Charge, Deposit, Split
from ledger.decisions import Decision, decide
from ledger.sheet import Sheet
from tests.unit.ledger.story import COMPANY, NOW, Story, a_charge, a_deposit, token


def snapshot(books: Books) -> tuple[Any, ...]:
    wallets = [*books.wallets.values(), *(wallet for own in books.system.values() for wallet in own)]
    return [astuple(wallet) for wallet in wallets], dict(books.reservations), dict(books.shares)


def books_of(story: Story) -> Books:
    books = story.books()
    for wallet in books.wallets.values():
        wallet.created_at = NOW
    books.system = {("OUTSIDE", "USD"): [story.world]}
    books.shares = {UUID(int=5): (Share(UUID(int=5), 0, story.purse.id, 10, 10),)}
    return books


def record(sheet: Sheet, books: Books, command: Deposit | Charge | Authorize, number: int) -> None:
    decision = decide(command, books)
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    sheet.record(command, UUID(int=number), decision)


def test_a_roll_back_undoes_everything_since() -> None:
    story = Story()
    books = books_of(story)
    sheet = Sheet(books)
    record(sheet, books, a_charge(story, amount="1.00"), 1)
    before, columns = snapshot(books), sheet.columns()
    savepoint = sheet.savepoint()
    record(sheet, books, a_deposit(story), 2)
    record(sheet, books, a_charge(story, splits=(Split(token(story.foreign), "1.00", None),)), 3)
    record(
        sheet, books, Authorize(COMPANY, token(story.purse), "1", None, "", usual_wallet_id=story.till.id), 4
    )
    assert (len(sheet.reservation_columns()[0]), len(sheet.share_columns()[0])) == (1, 3)
    sheet.roll_back(savepoint)
    assert (snapshot(books), sheet.columns()) == (before, columns)
    assert sheet.operation_ids() == [UUID(int=1)]
    assert sheet.reservation_columns() == sheet.share_columns() == []
    # What comes next takes the numbers that were given back.
    record(sheet, books, a_charge(story, amount="1.00"), 6)
    assert story.purse.sequence == 3


def test_what_is_over_by_now_is_settled_at_once() -> None:
    story = Story()
    books = books_of(story)
    story.purse.held, story.purse.pending = 300, 200

    def reservation(number: int, kind: str, amount: int, seconds: int) -> Reservation:
        ends_at = NOW + timedelta(seconds=seconds)
        return Reservation(
            UUID(int=number), kind, story.purse.id, COMPANY, OPEN, amount, 0, 0, amount, amount, 0, ends_at
        )

    books.reservations = {
        UUID(int=1): reservation(1, "AUTHORIZATION", 100, 0),
        UUID(int=2): reservation(2, "AUTHORIZATION", 200, 1),
        UUID(int=3): reservation(3, "DEPOSIT", 200, -1),
    }
    sheet = Sheet(books)
    assert (story.purse.held, story.purse.pending) == (200, 0)
    assert {
        row.operation_id.int: (row.state, row.remaining_minor) for row in books.reservations.values()
    } == {
        1: ("ENDED", 0),
        2: ("OPEN", 200),
        3: ("ENDED", 0),
    }
    # Alone it is nothing to write: the next batch that writes will do it.
    assert not sheet
    assert sorted(sheet.reservation_columns()[0]) == [UUID(int=1), UUID(int=3)]
