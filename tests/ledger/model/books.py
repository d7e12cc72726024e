"""What the model remembers: wallets, operations, what is set aside and what was shared out."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from ledger.rejections import ErrorCode
from tests.ledger.model.asking import Asked

# Decimals of the currencies the model knows; for the last there is never a rate.
EXPONENTS = {"USD": 2, "JPY": 0, "BTC": 8, "EUR": 2, "CHF": 2}
AMOUNT_MINOR_MAX = {code: 10 ** (9 + exponent) - 1 for code, exponent in EXPONENTS.items()}


@dataclass(slots=True)
class ModelWallet:
    """A wallet; `name` is its number in the model."""

    name: int
    owner: int
    currency: str
    only_one: bool
    status: Literal["ACTIVE", "FROZEN", "CLOSED"] = "ACTIVE"
    balance: int = 0
    held: int = 0
    pending: int = 0
    sequence: int = 0

    @property
    def available(self) -> int:
        return self.balance - self.held - self.pending


@dataclass(slots=True)
class ModelShare:
    """Who gave or got what in a charge: what is left of it to be given back, asked and moved."""

    wallet: int
    left: int
    moved_left: int


@dataclass(slots=True)
class ModelHold:
    """What is set aside, and what of the amount asked for is still to be captured."""

    kind: Literal["AUTHORIZATION", "DEPOSIT", "WITHDRAWAL"]
    wallet: int
    asked: int
    debit: int
    credit: int
    remaining: int
    captured: int = 0
    refunded: int = 0
    is_open: bool = True

    @property
    def left(self) -> int:
        """What can still be captured."""
        return self.asked - self.captured

    def moved(self) -> tuple[int, int]:
        """What the payer has paid, and the company has got, of all that is captured and not refunded."""
        kept = Fraction(self.captured - self.refunded, self.asked)
        return up(self.debit * kept), down(self.credit * kept)

    def to_hold(self) -> int:
        """What the payer would still have to pay if all that can be captured were."""
        most = up(self.debit * Fraction(self.asked - self.refunded, self.asked))
        return most - self.moved()[0] if self.is_open else 0


@dataclass(slots=True)
class ModelOperation:
    """An operation that was recorded."""

    kind: str
    account: int
    code: ErrorCode | None
    amount: int
    currency: str
    source: int | None
    target: int | None
    parties: frozenset[int]
    debited: int | None = None
    credited: int | None = None
    hold: ModelHold | None = None
    captured_from: ModelHold | None = None
    # Accepted, and nothing came of it yet.
    is_pending: bool = False
    # How far a withdrawal has come; the number of the withdrawal that this one ended.
    bank_state: str | None = None
    ends: int | None = None
    # The payer's first, then the company's, then those it was split with.
    shares: list[ModelShare] = field(default_factory=list)


@dataclass(slots=True)
class ModelBooks:
    """Everything that a refusal of one in an all-or-nothing request undoes."""

    wallets: list[ModelWallet] = field(default_factory=list)
    operations: list[ModelOperation] = field(default_factory=list)
    # What waits to be carried out, in order: the number of the operation, and what was asked.
    queue: list[tuple[int, Asked]] = field(default_factory=list)
    # Units of USD for one unit, as the model's own machine sets them.
    rates: dict[str, Fraction] = field(default_factory=lambda: {"USD": Fraction(1)})

    def in_units_of(self, amount: int, source: str, target: str) -> Fraction:
        """An amount in minor units of another currency, exactly."""
        if source == target:
            return Fraction(amount)
        exact = amount * self.rates[source] / self.rates[target]
        return exact * Fraction(10) ** (EXPONENTS[target] - EXPONENTS[source])


def shared_by(quotas: list[Fraction]) -> list[int]:
    """Largest remainders: rounded down, then a unit each to those that lost most, the first among equals."""
    shares = [int(quota) for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda n: (shares[n] - quotas[n], n))
    for number in order[: int(sum(quotas) - sum(shares))]:
        shares[number] += 1
    return shares


def up(exact: Fraction) -> int:
    return -int(-exact // 1)


def down(exact: Fraction) -> int:
    return int(exact // 1)
