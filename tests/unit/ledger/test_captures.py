"""Captures and refunds of one authorization, in any order and size: nobody gains, and what goes back is all of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts import ACTIVE, Wallet
from ledger.books import EXCHANGE, Books
from ledger.commands import Authorize, Capture, Command, Refund, Release
from ledger.decisions import Decision, decide, post
from ledger.earlier import Earlier
from ledger.money import Currency, decimal_text
from ledger.tokens import WalletToken

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = b"s" * 17
CLIENT, COMPANY = UUID(int=1), UUID(int=2)
ASKED, PAID, EARNED = "ASK", "PAY", "GOT"
AMOUNT_MINOR_MAX = 60
PLENTY = 10**9

currencies = st.tuples(
    *[
        st.builds(
            Currency.of,
            st.just(code),
            st.integers(0, 3),
            rate=st.builds(Fraction, st.integers(1, 3000), st.integers(1, 300)),
        )
        for code in (ASKED, PAID, EARNED)
    ]
)
# A capture of so much, or a refund of a part of one of the captures so far; a final one, or a release, may come.
steps = st.lists(
    st.tuples(
        st.sampled_from(["capture"] * 4 + ["refund"] * 4 + ["final", "release"]),
        st.integers(1, AMOUNT_MINOR_MAX),
        st.integers(0, 20),
    ),
    max_size=25,
)


@dataclass
class Story:
    """An authorization and what has become of it. `left` is what of each capture is still to be refunded."""

    money: tuple[Currency, Currency, Currency]
    captures: list[tuple[Earlier, int]] = field(default_factory=list)
    number: int = 100

    def __post_init__(self) -> None:
        self.by_code = {currency.code: currency for currency in self.money}
        self.payer = Wallet(UUID(int=3), CLIENT, SECRET, PAID, ACTIVE, PLENTY, 0, 0, 0, only_one=True)
        self.till = Wallet(UUID(int=4), COMPANY, SECRET, EARNED, ACTIVE, PLENTY, 0, 0, 0, only_one=True)
        system = {
            (EXCHANGE, code): [Wallet(UUID(int=5), None, None, code, ACTIVE, 0, 0, 0, 0, only_one=False)]
            for code in self.by_code
        }
        self.books = Books(self.by_code, NOW, {w.id: w for w in (self.payer, self.till)}, system)

    def do(self, command: Command) -> Decision | None:
        """Posts what comes of it; None where it was refused."""
        decision = decide(command, self.books)
        if not isinstance(decision, Decision) or decision.rejection is not None:
            return None
        self.number += 1
        post(decision, UUID(int=self.number), self.books)
        return decision

    def earlier(self, decision: Decision) -> Earlier:
        """The operation that was posted last, to go back to."""
        return Earlier(
            id=UUID(int=self.number),
            kind=decision.kind,
            status="SUCCEEDED",
            account_id=COMPANY,
            source_id=self.payer.id,
            target_id=self.till.id,
            amount_minor=decision.amount_minor,
            currency=decision.currency,
            debited_minor=decision.debited_minor,
            credited_minor=decision.credited_minor,
            rate=decision.rate,
            parties=frozenset({COMPANY}),
            share_wallet_ids=(),
            most_minor=PLENTY,
            origin_id=decision.origin_id,
        )

    def text(self, amount_minor: int) -> str:
        return decimal_text(amount_minor, self.by_code[ASKED].exponent)

    def worth(self, wallet: Wallet) -> Fraction:
        """What has been added to a wallet since the beginning."""
        currency = self.by_code[wallet.currency]
        assert currency.rate is not None
        return (wallet.balance - PLENTY) * currency.rate / Fraction(10) ** currency.exponent


@given(currencies, st.integers(1, AMOUNT_MINOR_MAX), steps)
def test_nobody_gains_by_the_order_of_captures_and_refunds(
    money: tuple[Currency, Currency, Currency], asked_minor: int, steps: list[tuple[str, int, int]]
) -> None:
    story = Story(money)
    wallet, into = WalletToken(story.payer.id, SECRET), WalletToken(story.till.id, SECRET)
    made = story.do(Authorize(COMPANY, wallet, story.text(asked_minor), ASKED, "", into))
    if made is None:
        return
    authorization = story.earlier(made)
    for step, amount_minor, number in steps:
        available = story.payer.available
        if step == "release":
            story.do(Release(COMPANY, authorization.id, authorization))
        elif step == "refund":
            if not story.captures:
                continue
            index = number % len(story.captures)
            capture, left_minor = story.captures[index]
            done = story.do(Refund(COMPANY, capture.id, story.text(amount_minor), "", capture))
            assert (done is None) == (amount_minor > left_minor)
            if done is not None:
                story.captures[index] = capture, left_minor - amount_minor
                assert story.payer.available >= available
        else:
            capturing = Capture(
                COMPANY, authorization.id, story.text(amount_minor), "", authorization, step == "final"
            )
            if (done := story.do(capturing)) is not None:
                story.captures.append((story.earlier(done), amount_minor))
        # Whatever the exchange keeps is not below zero, and what is held always suffices.
        assert story.worth(story.payer) + story.worth(story.till) <= 0
        assert story.payer.available >= 0
        assert story.payer.held >= 0
        if not any(left_minor for _, left_minor in story.captures):
            assert (story.payer.balance, story.till.balance) == (PLENTY, PLENTY)


@given(currencies, st.integers(1, AMOUNT_MINOR_MAX), st.lists(st.integers(1, 9), min_size=1))
def test_all_parts_together_take_exactly_what_was_held(
    money: tuple[Currency, Currency, Currency], asked_minor: int, parts: list[int]
) -> None:
    story = Story(money)
    wallet, into = WalletToken(story.payer.id, SECRET), WalletToken(story.till.id, SECRET)
    made = story.do(Authorize(COMPANY, wallet, story.text(asked_minor), ASKED, "", into))
    if made is None or made.reservation is None:
        return
    authorization = story.earlier(made)
    for part in parts:
        story.do(Capture(COMPANY, authorization.id, story.text(part), "", authorization, is_final=False))
    story.do(Capture(COMPANY, authorization.id, None, "", authorization))
    assert PLENTY - story.payer.balance == made.reservation.debit_minor
    assert story.till.balance - PLENTY == made.reservation.credit_minor
    assert story.payer.held == 0
