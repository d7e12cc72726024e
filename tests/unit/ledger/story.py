"""A client's purse, a company's till and a stranger's wallet, in memory, with commands about them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger.accounts import ACTIVE, Wallet
from ledger.books import Books, Currencies
from ledger.commands import Charge, Command, Deposit
from ledger.decisions import Acceptance, Decision, decide, needs, post
from ledger.money import BIGINT_MAX, Currency
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLIENT, COMPANY, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)
SECRET, OTHER_SECRET = b"s" * 17, b"o" * 17
CURRENCIES: Currencies = {
    "USD": Currency.of("USD", 2),
    "EUR": Currency.of("EUR", 2),
    "JPY": Currency.of("JPY", 0),
    "TIN": Currency.of("TIN", 2, "10.00"),
}


def new_wallet(number: int, owner: UUID | None, **changes: Any) -> Wallet:
    wallet = Wallet(UUID(int=number), owner, SECRET, "USD", ACTIVE, 0, 0, 0, 0, only_one=True)
    for name, value in changes.items():
        setattr(wallet, name, value)
    return wallet


class Story:
    """A client's purse with 10.00, a company's till, and the world, as a batch holds them."""

    def __init__(self) -> None:
        self.purse = new_wallet(10, CLIENT, balance=1000, sequence=1)
        self.till = new_wallet(20, COMPANY)
        self.foreign = new_wallet(30, STRANGER)
        self.full_world = new_wallet(39, None, token_secret=None, balance=-BIGINT_MAX, sequence=1)
        self.world = new_wallet(40, None, token_secret=None, balance=-1000, sequence=1)

    def decide(self, command: Command) -> Decision | Rejection:
        books = self.books()
        for kind, code, _ in needs(command, books):
            self.full_world.currency = self.world.currency = code
            books.system = {(kind, code): [self.full_world, self.world]}
        before = self.state()
        decision = decide(command, books)
        assert not isinstance(decision, Acceptance)
        assert self.state() == before, "deciding changes nothing"
        return decision

    def books(self) -> Books:
        return Books(CURRENCIES, NOW, {wallet.id: wallet for wallet in (self.purse, self.till, self.foreign)})

    def post(self, decision: Decision) -> None:
        post(decision, UUID(int=77), self.books())

    def state(self) -> list[Any]:
        return [replace(wallet) for wallet in (self.purse, self.till, self.foreign, self.world)]

    def code(self, command: Command) -> tuple[ErrorCode, tuple[str, ...], bool]:
        """Code and field of the refusal, and whether it is recorded."""
        decision = self.decide(command)
        recorded = isinstance(decision, Decision)
        rejection = decision.rejection if isinstance(decision, Decision) else decision
        assert rejection is not None
        return rejection.code, rejection.field, recorded


def token(wallet: Wallet, secret: bytes = SECRET) -> WalletToken:
    return WalletToken(wallet.id, secret)


def a_charge(story: Story, **changes: Any) -> Charge:
    charge = Charge(COMPANY, token(story.purse), "4.50", None, "Soup", usual_wallet_id=story.till.id)
    return replace(charge, **changes)


def a_deposit(story: Story, **changes: Any) -> Deposit:
    return replace(Deposit(CLIENT, token(story.purse), "4.50", None, "Top-up"), **changes)
