"""What stories are told with: the books as they stand, luck, and what a story may do besides asking the ledger."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from ledger.accounts import ACTIVE, CLOSED, Wallet
from ledger.books import ENDED, Books
from ledger.commands import Command
from ledger.conversion import leaving
from ledger.decisions import is_over, keep_reservation
from ledger.earlier import Earlier, earlier
from ledger.money import decimal_text
from ledger.outcomes import Operation, Outcome
from ledger.tokens import WalletToken
from seeding.population import Population

Result = TypeVar("Result")

# What somebody asks the ledger for, and the story is then sent what came of it; or how many milliseconds pass.
Step = Command | int
Story = Generator[Step, Outcome, None]
# A part of one that ends with something to tell.
Part = Generator[Step, Outcome, Result]

# Past this nothing goes back to an operation any more, so that it need not be kept in mind.
STORY_DAYS_MAX = 30


@dataclass(slots=True)
class Attempt:
    """One time that the bank was asked to pay a withdrawal; the columns of `withdrawal_attempts`."""

    number: int
    started_at: datetime
    not_after: datetime
    ended_at: datetime | None = None
    result: str | None = None


@dataclass(slots=True)
class Life:
    """The world as it stands at `books.instant`. `attempts` at withdrawals, by the withdrawal."""

    population: Population
    books: Books
    luck: Random
    attempts: dict[UUID, list[Attempt]] = field(default_factory=dict)
    _keys: int = 0

    @property
    def now(self) -> datetime:
        """The instant at which the story stands."""
        return self.books.instant

    def happens(self, probability: float) -> bool:
        """Whether something of that probability happens this time."""
        return self.luck.random() < probability

    def between(self, least_ms: int, most_ms: int) -> int:
        """Some time of that length."""
        return self.luck.randrange(least_ms, most_ms)

    def key(self, word: str) -> str:
        """A new idempotency key."""
        self._keys += 1
        return f"{word}-{self._keys:07}"

    def amount(self, amount_minor: int, code: str) -> str:
        """The amount as a request has it."""
        return decimal_text(amount_minor, self.books.currencies[code].exponent)

    def cost(self, amount_minor: int, code: str, wallet: Wallet) -> int:
        """What that much costs who pays it from the wallet, in the wallet's minor units."""
        if wallet.currency == code:
            return amount_minor
        currencies = self.books.currencies
        return leaving(amount_minor, currencies[code], currencies[wallet.currency])

    def earlier(self, operation: Operation) -> Earlier:
        """The operation as whoever asked for it looks it up, to go back to it."""
        shares = self.books.shares.get(operation.id, ())
        return earlier(
            operation,
            frozenset((operation.account_id,)),
            [(share.wallet_id, share.moved_minor) for share in shares],
        )

    def settle(self, operation_id: UUID) -> None:
        """Ends what the operation set aside, once its time is over."""
        reservation = self.books.reservations[operation_id]
        if is_over(reservation, self.now):
            keep_reservation(reservation._replace(state=ENDED, remaining_minor=0), self.books)

    def close(self, wallet: Wallet, others: list[Wallet]) -> None:
        """Closes the wallet, if it is empty and not closed or frozen. `others` are those of the same owner."""
        if wallet.balance or wallet.status != ACTIVE:
            return
        wallet.status = CLOSED
        still_open = [other for other in others if other.status != CLOSED]
        if len(still_open) == 1:
            still_open[0].only_one = True

    def later(self, delay: timedelta) -> datetime:
        """The instant after so much time."""
        return self.now + delay


def token_of(wallet: Wallet) -> WalletToken:
    """The wallet's token."""
    assert wallet.token_secret is not None
    return WalletToken(wallet.id, wallet.token_secret)


def owner_of(wallet: Wallet) -> UUID:
    """The account that the wallet belongs to."""
    assert wallet.owner_id is not None
    return wallet.owner_id


def recorded(outcome: Outcome) -> Operation:
    """The operation that a command came to. Whatever a story asks for names wallets that are there."""
    assert outcome.operation is not None
    return outcome.operation
