"""Whatever is asked of the ledger, in whatever order, alone or many at once: it answers as a tiny model does."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ledger.commands import Charge, Command, Deposit
from ledger.outcomes import Outcome, WalletView
from ledger.rejections import Rejection
from ledger.service import Ledger
from ledger.tokens import NOWHERE, WalletToken
from ledger.wallets import NewWallet
from runtime.database import open_pool
from runtime.settings import Settings
from tests.ledger.drawing import ACCOUNTS, OWN, WALLETS_MAX, Drawn, commands
from tests.ledger.invariants import assert_invariants
from tests.ledger.model import EXPONENTS, Asked, Expected, Model


@dataclass(frozen=True, slots=True)
class World:
    """The ledger under test and the loop that it lives on."""

    runner: asyncio.Runner
    ledger: Ledger
    pool: asyncpg.Pool


class LedgerMachine(RuleBasedStateMachine):
    """Accounts and wallets of its own in a database that all examples share."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.model = Model()
        self.accounts = [uuid4() for _ in range(ACCOUNTS)]
        self.tokens: list[WalletToken] = []
        # By the number of the request that made it: the operation's id, and the refusal to the letter.
        self.first_answers: dict[int, tuple[UUID | None, Rejection | None]] = {}

    @initialize(currencies=st.tuples(st.sampled_from(["USD", "JPY", "BTC"]), st.sampled_from(["USD", "BTC"])))
    def begin(self, currencies: tuple[str, str]) -> None:
        for owner in range(ACCOUNTS):
            self.open_wallet(owner, currencies[0])
        self.open_wallet(0, currencies[1])
        self.ask([Asked("DEPOSIT", owner, owner, self.tokens[owner], "20") for owner in range(ACCOUNTS)])

    @rule(owner=st.integers(0, 1), currency=st.sampled_from(list(EXPONENTS)))
    def open_another_wallet(self, owner: int, currency: str) -> None:
        if len(self.tokens) < WALLETS_MAX:
            self.open_wallet(owner, currency)

    @rule(
        number=st.integers(0, WALLETS_MAX - 1),
        status=st.sampled_from(["ACTIVE"] * 3 + ["FROZEN"] * 2 + ["CLOSED"]),
    )
    def set_status(self, number: int, status: str) -> None:
        wallet = self.model.wallets[number % len(self.tokens)]
        # Closed is for good: a wallet opened meanwhile may count as its owner's only one.
        if wallet.status != "CLOSED":
            wallet.status = status  # type: ignore[assignment]
            token = self.tokens[wallet.name]
            self.run_sql(
                "UPDATE wallets SET status = $2::text::wallet_status WHERE id = $1", token.wallet_id, status
            )

    @rule(drawn=commands)
    def ask_one(self, drawn: Drawn) -> None:
        self.ask([self.asked(drawn)])

    @rule(drawn=st.lists(commands, min_size=2, max_size=8))
    def ask_many_at_once(self, drawn: list[Drawn]) -> None:
        self.ask([self.asked(one) for one in drawn])

    @rule(drawn=commands, times=st.integers(2, 4))
    def ask_the_same_at_once(self, drawn: Drawn, times: int) -> None:
        self.ask([self.asked(drawn)] * times)

    @invariant()
    def wallets_are_as_in_the_model(self) -> None:
        rows = self.run_sql(
            "SELECT balance, sequence, status::text, held, pending, only_one "
            "FROM wallets JOIN unnest($1::uuid[]) WITH ORDINALITY AS mine (id, number) USING (id) ORDER BY number",
            [token.wallet_id for token in self.tokens],
        )
        assert [tuple(row) for row in rows] == [
            (wallet.balance, wallet.sequence, wallet.status, 0, 0, wallet.only_one)
            for wallet in self.model.wallets
        ]

    def teardown(self) -> None:
        async def look() -> None:
            async with self.world.pool.acquire() as connection:
                await assert_invariants(connection)

        self.world.runner.run(look())

    def run_sql(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = self.world.runner.run(self.world.pool.fetch(sql, *arguments))
        return rows

    def open_wallet(self, owner: int, currency: str) -> None:
        made = self.world.runner.run(
            self.world.ledger.create_wallet(NewWallet(self.accounts[owner], currency), wallets_max=0)
        )
        assert isinstance(made, WalletView)
        self.model.open_wallet(owner, currency)
        self.tokens.append(WalletToken(made.id, made.token_secret))

    def asked(self, drawn: Drawn) -> Asked:
        wallet, wallet_token = self.named(drawn.wallet, drawn.account)
        into, into_token = (None, None) if drawn.into is None else self.named(drawn.into, drawn.account)
        return Asked(
            "DEPOSIT" if drawn.kind == "DEPOSIT" else "CHARGE",
            drawn.account,
            wallet,
            wallet_token,
            drawn.amount,
            drawn.currency,
            *((None, None) if drawn.kind == "DEPOSIT" else (into, into_token)),
            None if drawn.usual is None else self.number(drawn.usual, drawn.account),
            drawn.key,
            drawn.summary,
        )

    def number(self, drawn: int, account: int) -> int:
        return account if drawn == OWN else drawn % len(self.tokens)

    def named(self, drawn: tuple[int, bool] | None, account: int) -> tuple[int | None, WalletToken]:
        if drawn is None:
            return None, NOWHERE
        number, is_right = self.number(drawn[0], account), drawn[1]
        token = self.tokens[number]
        return (number, token) if is_right else (None, WalletToken(token.wallet_id, bytes(17)))

    def command(self, asked: Asked) -> Command:
        account_id, wallet = self.accounts[asked.account], asked.wallet_token
        assert isinstance(wallet, WalletToken)
        if asked.kind == "DEPOSIT":
            return Deposit(account_id, wallet, asked.amount, asked.currency, asked.summary, asked.key)
        assert asked.into_token is None or isinstance(asked.into_token, WalletToken)
        usual = None if asked.usual is None else self.tokens[asked.usual].wallet_id
        return Charge(
            account_id,
            wallet,
            asked.amount,
            asked.currency,
            asked.summary,
            asked.into_token,
            usual,
            asked.key,
        )

    def ask(self, batch: list[Asked]) -> None:
        """All of them at once: one queue, and a batch that takes them all in their order."""
        first_number = self.model.asked_count
        expected = [self.model.ask(asked) for asked in batch]

        async def submit() -> list[Outcome]:
            submitted = (self.world.ledger.submit(self.command(asked)) for asked in batch)
            return list(await asyncio.gather(*submitted))

        outcomes = self.world.runner.run(submit())
        for number, outcome in enumerate(outcomes, first_number):
            self.first_answers[number] = recorded(outcome)
        for right, outcome in zip(expected, outcomes, strict=True):
            self.compare(right, outcome)

    def compare(self, expected: Expected, outcome: Outcome) -> None:
        code = None if outcome.rejection is None else outcome.rejection.code
        assert (code, outcome.operation is not None, outcome.replayed) == (
            expected.code,
            expected.recorded,
            expected.replayed_request is not None,
        )
        assert self.shown(outcome.wallet) == self.as_shown(expected)
        if outcome.operation is not None:
            assert outcome.operation.status == ("SUCCEEDED" if code is None else "FAILED")
            assert outcome.operation.failure_code == code
        if expected.replayed_request is not None:
            assert recorded(outcome) == self.first_answers[expected.replayed_request]

    def shown(self, wallet: WalletView | None) -> tuple[UUID, int, int] | None:
        return None if wallet is None else (wallet.id, wallet.balance, wallet.available)

    def as_shown(self, expected: Expected) -> tuple[UUID, int, int] | None:
        if expected.wallet is None:
            return None
        name, balance = expected.wallet
        if expected.replayed_request is not None:  # shows the wallet as it is now, after the whole batch
            balance = self.model.wallets[name].balance
        return self.tokens[name].wallet_id, balance, balance


def recorded(outcome: Outcome) -> tuple[UUID | None, Rejection | None]:
    return None if outcome.operation is None else outcome.operation.id, outcome.rejection


@contextmanager
def opened_world(dsn: str) -> Iterator[World]:
    """A ledger on a loop of its own, because Hypothesis is not asynchronous."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            pool = runner.run(stack.enter_async_context(open_pool(dsn, 4)))
            ledger = runner.run(stack.enter_async_context(Ledger.open(Settings(), dsn, pool)))
            yield World(runner, ledger, pool)
        finally:
            runner.run(stack.aclose())


@pytest.mark.slow
def test_the_ledger_answers_as_the_model_does(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # One writer has one queue: what is asked at once has an order. Several are in test_side_by_side.py.
    monkeypatch.setattr("ledger.service.WRITERS_A_PROCESS", 1)
    with opened_world(dsn) as world:
        run_state_machine_as_test(
            lambda: LedgerMachine(world),  # type: ignore[arg-type]  # a class or what makes one
            settings=settings(
                max_examples=80,
                stateful_step_count=25,
                deadline=None,
                # Steps cost milliseconds here, and shrinking takes thousands: a failure is told at once, as found.
                phases=[Phase.explicit, Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
