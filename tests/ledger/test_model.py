"""Whatever is asked of the ledger, in whatever order, alone or many at once: it answers as a tiny model does."""

import asyncio
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ledger.outcomes import Operation, Outcome, WalletView
from ledger.rates import NewRate
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken
from ledger.wallets import NewWallet
from ledger.withdrawal_commands import SettleWithdrawal
from tests.ledger.drawing import ACCOUNTS, WALLETS_MAX, Drawn, commands
from tests.ledger.invariants import assert_invariants
from tests.ledger.model.asking import Asked, Expected
from tests.ledger.model.books import EXPONENTS
from tests.ledger.model.model import Model
from tests.ledger.saying import Names, asked_of, command_of
from tests.ledger.sending import send
from tests.ledger.world import World, opened_world

ADMINISTRATOR = uuid4()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class LedgerMachine(RuleBasedStateMachine):
    """Accounts and wallets of its own in a database that all examples share."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.model = Model()
        self.names = Names([uuid4() for _ in range(ACCOUNTS)])
        # By the number of the request that made it: the operation's id, and the refusal to the letter.
        self.first_answers: dict[int, tuple[UUID | None, Rejection | None]] = {}

    @initialize(
        currencies=st.tuples(st.sampled_from(["USD", "JPY", "BTC"]), st.sampled_from(["USD", "BTC", "EUR"]))
    )
    def begin(self, currencies: tuple[str, str]) -> None:
        for code, rate in (("EUR", "1.093809"), ("JPY", "0.00671"), ("BTC", "98765.4321")):
            self.set_rate(code, rate)
        for owner in range(ACCOUNTS):
            self.open_wallet(owner, currencies[0])
        self.open_wallet(0, currencies[1])
        self.ask([Drawn("DEPOSIT", owner, "20") for owner in range(ACCOUNTS)])

    @rule(owner=st.integers(0, 1), currency=st.sampled_from(list(EXPONENTS)))
    def open_another_wallet(self, owner: int, currency: str) -> None:
        if len(self.names.tokens) < WALLETS_MAX:
            self.open_wallet(owner, currency)

    @rule(
        number=st.integers(0, WALLETS_MAX - 1),
        status=st.sampled_from(["ACTIVE"] * 4 + ["FROZEN"] * 2 + ["CLOSED"]),
    )
    def set_status(self, number: int, status: str) -> None:
        wallet = self.model.books.wallets[number % len(self.names.tokens)]
        # Closed is for good: a wallet opened meanwhile may count as its owner's only one. Only an empty one is.
        if wallet.status != "CLOSED" and (status != "CLOSED" or wallet.balance == 0):
            wallet.status = status  # type: ignore[assignment]
            token = self.names.tokens[wallet.name]
            self.run_sql(
                "UPDATE wallets SET status = $2::text::wallet_status WHERE id = $1", token.wallet_id, status
            )

    @rule(code=st.sampled_from(["EUR", "JPY", "BTC"]), rate=st.integers(1, 10**9), shift=st.integers(0, 12))
    def change_a_rate(self, code: str, rate: int, shift: int) -> None:
        digits = str(rate).rjust(shift + 1, "0")
        cut = len(digits) - shift
        self.set_rate(code, f"{digits[:cut]}.{digits[cut:] or 0}")

    @rule(back=st.integers(0, 3))
    def time_comes(self, back: int) -> None:
        """What an operation set aside is over, and no worker says so."""
        made = enumerate(self.model.books.operations)
        waiting = [
            number
            for number, operation in made
            if operation.hold is not None and operation.hold.is_open and operation.bank_state is None
        ]
        if back < len(waiting):
            number = waiting[-1 - back]
            self.run_sql(
                "UPDATE reservations SET ends_at = $2 FROM operations o "
                "WHERE operation_id = o.id AND $1 IN (o.id, o.origin_id) AND state = 'OPEN'",
                self.names.operation_ids[number],
                LONG_AGO,
            )
            self.model.time_comes(number)

    @rule(back=st.integers(0, 3), answer=st.sampled_from(["nothing", "paid", "paid", "not paid"]))
    def ask_the_bank(self, back: int, answer: str) -> None:
        """It may have been asked before, and have said something else."""
        made = enumerate(self.model.books.operations)
        withdrawals = [number for number, operation in made if operation.bank_state is not None]
        if back >= len(withdrawals):
            return
        number = withdrawals[-1 - back]
        if self.model.books.operations[number].bank_state == "PENDING":
            self.world.runner.run(send(self.world.pool, self.names.operation_ids[number]))
            self.model.is_sent(number)
        if answer != "nothing":
            self.settle(number, is_paid=answer == "paid")

    @rule(count=st.integers(1, 5), again=st.booleans())
    def carry_out(self, count: int, again: bool) -> None:
        """A second worker that believes the lane to be its own finds nothing left to do."""
        queue = self.world.ledger.queue
        first = [waiting.read() for waiting in self.world.runner.run(queue.first_of(1, count))]
        assert len(first) == min(count, len(self.model.books.queue))
        for _ in range(1 + again):
            self.world.runner.run(queue.carry_out(first))
        for command in first:
            number = self.model.carry_out()
            assert self.names.operation_ids[number] == command.accepted.id
            self.compare_operation(number, self.read(command.accepted.id))

    @rule(drawn=commands)
    def ask_one(self, drawn: Drawn) -> None:
        self.ask([drawn])

    @rule(drawn=st.lists(commands, min_size=2, max_size=8))
    def ask_many_at_once(self, drawn: list[Drawn]) -> None:
        self.ask(drawn)

    @rule(drawn=commands, times=st.integers(2, 4))
    def ask_the_same_at_once(self, drawn: Drawn, times: int) -> None:
        self.ask([drawn] * times)

    @rule(drawn=st.lists(commands, min_size=1, max_size=6), is_atomic=st.booleans())
    def ask_in_one_request(self, drawn: list[Drawn], is_atomic: bool) -> None:
        self.ask(drawn, in_one=True, is_atomic=is_atomic)

    @invariant()
    def wallets_are_as_in_the_model(self) -> None:
        rows = self.run_sql(
            "SELECT now.balance, now.held, now.pending, wallets.sequence, now.status, wallets.only_one "
            "FROM unnest($1::uuid[]) WITH ORDINALITY AS mine (id, number) "
            "JOIN wallets USING (id) JOIN holders_now AS now USING (id) ORDER BY number",
            [token.wallet_id for token in self.names.tokens],
        )
        assert [tuple(row) for row in rows] == [
            (wallet.balance, wallet.held, wallet.pending, wallet.sequence, wallet.status, wallet.only_one)
            for wallet in self.model.books.wallets
        ]

    def teardown(self) -> None:
        # The queue is one for all examples.
        while self.model.books.queue:
            self.carry_out(100, again=False)

        async def look() -> None:
            async with self.world.pool.acquire() as connection:
                await assert_invariants(connection)

        self.world.runner.run(look())

    def settle(self, number: int, *, is_paid: bool) -> None:
        account_id = self.names.accounts[self.model.books.operations[number].account]
        withdrawal_id = self.names.operation_ids[number]
        earlier = self.world.runner.run(self.world.ledger.reads.earlier(withdrawal_id, account_id))
        assert earlier is not None
        settle = SettleWithdrawal(account_id, earlier, is_paid)
        outcome = self.world.runner.run(self.world.ledger.submit(settle))
        expected = self.model.settle(number, is_paid=is_paid)
        if expected.operation is not None:
            self.names.operation_ids[expected.operation] = withdrawal_id
        self.compare(expected, outcome)
        self.compare_operation(number, self.read(withdrawal_id))

    def read(self, operation_id: UUID) -> Operation:
        found = self.world.runner.run(self.world.ledger.reads.operation(operation_id))
        assert found is not None
        return found[0]

    def run_sql(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = self.world.runner.run(self.world.pool.fetch(sql, *arguments))
        return rows

    def open_wallet(self, owner: int, currency: str) -> None:
        asked = NewWallet(self.names.accounts[owner], currency)
        made = self.world.runner.run(self.world.ledger.create_wallet(asked, wallets_max=0))
        assert isinstance(made, WalletView)
        self.model.open_wallet(owner, currency)
        self.names.tokens.append(WalletToken(made.id, made.token_secret))

    def set_rate(self, code: str, rate: str) -> None:
        updated = self.world.runner.run(
            self.world.ledger.update_rates([NewRate(code, rate, None)], ADMINISTRATOR)
        )
        assert not any(isinstance(row, Rejection) for row in updated), updated
        self.model.set_rate(code, Fraction(rate))

    def ask(self, drawn: list[Drawn], *, in_one: bool = False, is_atomic: bool = False) -> None:
        """All of them at once: one queue, and a batch that takes them all in their order."""
        batch = [asked_of(one, self.names, self.model) for one in drawn]
        first_number = self.model.asked_count
        outcomes = self.world.runner.run(self.submit(batch, in_one=in_one, is_atomic=is_atomic))
        expected = self.model.ask_together(batch) if is_atomic else [self.model.ask(asked) for asked in batch]
        for number, (right, outcome) in enumerate(zip(expected, outcomes, strict=True), first_number):
            self.first_answers[number] = recorded(outcome)
            if right.operation is not None and outcome.operation is not None:
                self.names.operation_ids.setdefault(right.operation, outcome.operation.known_id)
            self.compare(right, outcome)

    async def submit(self, batch: list[Asked], *, in_one: bool, is_atomic: bool) -> list[Outcome]:
        ledger = self.world.ledger
        given = [await command_of(asked, self.names, ledger) for asked in batch]
        if in_one:
            return await ledger.submit_many(given, is_atomic=is_atomic)
        return list(await asyncio.gather(*map(ledger.submit, given)))

    def compare(self, expected: Expected, outcome: Outcome) -> None:
        code = None if outcome.rejection is None else outcome.rejection.code
        assert (code, outcome.operation is not None, outcome.replayed) == (
            expected.code or self.came_to(expected),
            expected.operation is not None,
            expected.replayed_request is not None,
        )
        if outcome.operation is not None:
            assert expected.operation is not None
            self.compare_operation(expected.operation, outcome.operation)
        if expected.replayed_request is not None:
            operation_id, rejection = self.first_answers[expected.replayed_request]
            assert recorded(outcome) == (operation_id, rejection or outcome.rejection)
        self.compare_wallet(expected, outcome.wallet)

    def came_to(self, expected: Expected) -> ErrorCode | None:
        """Why nothing came of what was accepted at first, where the same is asked for again."""
        if expected.replayed_request is None or expected.operation is None:
            return None
        operation = self.model.books.operations[expected.operation]
        return None if operation.ends is not None else operation.code

    def compare_operation(self, number: int, told: Operation) -> None:
        right = self.model.books.operations[number]
        status = "PENDING" if right.is_pending else "SUCCEEDED" if right.code is None else "FAILED"
        assert (told.status, told.failure_code) == (status, right.code)
        assert (told.kind, told.amount, told.currency) == (right.kind, right.amount, right.currency)
        assert (told.debited, told.credited) == (right.debited, right.credited)
        assert told.known_id == self.names.operation_ids[number]

    def compare_wallet(self, expected: Expected, told: WalletView | None) -> None:
        shown = expected.shown
        if shown is None:
            assert told is None
            return
        if expected.replayed_request is not None:  # shows the wallet as it is now, after the whole batch
            shown = self.model.show(shown.wallet)
        assert told is not None
        assert told.id == self.names.tokens[shown.wallet].wallet_id
        assert (told.balance, told.held, told.pending) == (shown.balance, shown.held, shown.pending)


def recorded(outcome: Outcome) -> tuple[UUID | None, Rejection | None]:
    return None if outcome.operation is None else outcome.operation.known_id, outcome.rejection


async def has_room(*_: object) -> bool:
    return True


@pytest.mark.slow
def test_the_ledger_answers_as_the_model_does(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # One writer has one queue: what is asked at once has an order. Several are in test_side_by_side.py.
    monkeypatch.setattr("ledger.service.WRITERS_A_PROCESS", 1)
    # To ask how much is queued takes a moment, in which others would overtake.
    monkeypatch.setattr("ledger.backlog.Backlog.has_room", has_room)
    with opened_world(dsn) as world:
        run_state_machine_as_test(
            lambda: LedgerMachine(world),  # type: ignore[arg-type]  # a class or what makes one
            settings=settings(
                max_examples=120,
                stateful_step_count=30,
                deadline=None,
                # Steps cost milliseconds here, and shrinking takes thousands: a failure is told at once, as found.
                phases=[Phase.explicit, Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
