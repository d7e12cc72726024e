"""A million random conversions, decided as the writer decides them: no value is created, and currencies sum to zero."""

import random
from datetime import UTC, datetime
from fractions import Fraction
from math import lcm
from uuid import UUID

import pytest

from ledger.accounts import ACTIVE, Wallet
from ledger.books import EXCHANGE, OUTSIDE, Books
from ledger.commands import Charge, Deposit, Split, Transfer
from ledger.decisions import Decision, decide, post
from ledger.money import Currency, decimal_text
from ledger.tokens import WalletToken

CONVERSIONS = 1_000_000
# As many wallets are moved between under one set of rates.
MOVES_A_WORLD = 250
SECRET = b"s" * 17
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALICE, SHOP = UUID(int=1), UUID(int=2)


class Market:
    """Wallets in a few currencies with random rates and decimals, and the exchange between them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        codes = ["AAA", "BBB", "CCC"]
        self.currencies = {code: Currency.of(code, chance.randrange(10), rate=self.rate()) for code in codes}
        # What one smallest unit is worth, all in whole numbers.
        units = {c.code: (c.rate or 0) / Fraction(10) ** c.exponent for c in self.currencies.values()}
        common = lcm(*(unit.denominator for unit in units.values()))
        self.worth = {code: int(unit * common) for code, unit in units.items()}
        self.holders = [self.wallet(ALICE, code) for code in codes] + [
            self.wallet(SHOP, code) for code in codes
        ]
        self.system = {
            (kind, code): [self.wallet(None, code)] for kind in (OUTSIDE, EXCHANGE) for code in codes
        }
        self.books = Books(self.currencies, NOW, {wallet.id: wallet for wallet in self.holders}, self.system)

    def rate(self) -> Fraction:
        return Fraction(
            self.chance.randrange(1, 10 ** self.chance.randrange(1, 13)), 10 ** self.chance.randrange(13)
        )

    def wallet(self, owner: UUID | None, code: str) -> Wallet:
        secret = None if owner is None else SECRET
        number = UUID(int=self.chance.getrandbits(128))
        return Wallet(number, owner, secret, code, ACTIVE, 0, 0, 0, 0, only_one=False)

    def command(self) -> Deposit | Transfer | Charge:
        mine, tills = self.holders[:3], self.holders[3:]
        payer, till = self.chance.choice(mine), self.chance.choice(tills)
        currency = self.currencies[self.chance.choice([*self.currencies])]
        amount = decimal_text(self.chance.randrange(1, 10 ** self.chance.randrange(1, 10)), currency.exponent)
        wallet = WalletToken(payer.id, SECRET)
        kind = self.chance.randrange(4)
        if kind == 0:
            return Deposit(ALICE, wallet, amount, currency.code, "")
        if kind == 1:
            return Transfer(ALICE, wallet, WalletToken(till.id, SECRET), amount, currency.code, "")
        others = [other for other in tills if other is not till]
        parts = (Split(WalletToken(others[0].id, SECRET), None, "33.3333"),) if kind == 2 else ()
        return Charge(SHOP, wallet, amount, currency.code, "", WalletToken(till.id, SECRET), splits=parts)

    def move(self) -> int:
        """How many amounts were converted. Checks that the holders gained nothing by it."""
        command = self.command()
        decision = decide(command, self.books)
        if not isinstance(decision, Decision) or decision.rejection is not None:
            return 0
        post(decision, UUID(int=3), self.books)
        gained = sum(
            amount_minor * self.worth[wallet.currency]
            for wallet, amount_minor in decision.postings
            if wallet.owner_id is not None
        )
        brought = decision.amount_minor * self.worth[decision.currency] if decision.kind == "DEPOSIT" else 0
        # What rounding takes is less than a unit of each wallet's currency.
        assert 0 <= brought - gained < 3 * max(self.worth.values())
        return sum(wallet.currency != decision.currency for wallet, _ in decision.postings if wallet.owner_id)

    def sums(self) -> dict[str, int]:
        everyone = [*self.holders, *(wallet for wallets in self.system.values() for wallet in wallets)]
        return {code: sum(w.balance for w in everyone if w.currency == code) for code in self.currencies}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_value_is_created() -> None:
    chance = random.Random(20261121)
    converted = 0
    while converted < CONVERSIONS:
        market = Market(chance)
        for _ in range(MOVES_A_WORLD):
            converted += market.move()
        assert set(market.sums().values()) == {0}
        assert all(wallet.balance >= 0 for wallet in market.holders)
