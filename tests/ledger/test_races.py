"""Refunds, captures, expiry and maturity raced through several ledgers, as several processes race them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from ledger.commands import Authorize, Capture, Command, Deposit, Refund, Release, Split, Transfer
from ledger.outcomes import Operation, Outcome
from ledger.rates import NewRate
from ledger.service import Ledger
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants


@pytest.fixture(autouse=True)
async def _invariants_hold(connection: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await assert_invariants(connection)


async def at_once(ledgers: list[Ledger], commands: list[Command]) -> list[Outcome]:
    submitted = (ledgers[number % len(ledgers)].submit(command) for number, command in enumerate(commands))
    return list(await asyncio.gather(*submitted))


def codes(outcomes: list[Outcome]) -> Counter[str | None]:
    return Counter(
        None if outcome.rejection is None else outcome.rejection.code.value for outcome in outcomes
    )


def recorded(outcome: Outcome) -> Operation:
    assert outcome.operation is not None
    assert outcome.rejection is None, outcome
    return outcome.operation


async def balance(ledger: Ledger, holder: Holder) -> tuple[int, int, int]:
    """Balance, held and pending."""
    view = await ledger.reads.wallet(holder.wallet.wallet_id)
    assert view is not None
    return view.balance, view.held, view.pending


async def refund_of(ledger: Ledger, company: Holder, charge_id: UUID, amount: str | None) -> Refund:
    earlier = await ledger.reads.earlier(charge_id, company.account_id)
    return Refund(company.account_id, charge_id, amount, "", earlier)


async def test_refunds_of_a_split_and_converted_charge(ledgers: list[Ledger]) -> None:
    one = ledgers[0]
    await one.update_rates([NewRate("EUR", "1.093809", None), NewRate("RUB", "0.009803", None)], UUID(int=1))
    payer = await open_holder(one, "1000.00", currency="EUR")
    company, seller = await open_holder(one), await open_holder(one, currency="RUB")
    charge = recorded(
        await one.submit(
            replace(
                company.charge(payer, "777.77"),
                currency="USD",
                splits=(Split(seller.wallet, None, "33.3333"),),
            )
        )
    )
    before = await balance(one, payer)
    part = await refund_of(one, company, charge.id, "9.99")
    outcomes = await at_once(ledgers, [part] * 90)
    assert codes(outcomes) == {None: 77, "REFUND_EXCEEDS_CHARGE": 13}
    assert before[0] < (await balance(one, payer))[0] < 100_000
    recorded(await one.submit(await refund_of(one, company, charge.id, None)))
    assert await balance(one, payer) == (100_000, 0, 0)
    assert await balance(one, company) == (0, 0, 0)
    assert await balance(one, seller) == (0, 0, 0)


async def test_captures_and_a_release(ledgers: list[Ledger]) -> None:
    one = ledgers[0]
    for _ in range(5):
        payer, company = await open_holder(one, "100.00"), await open_holder(one)
        held = recorded(
            await one.submit(
                Authorize(
                    company.account_id,
                    payer.wallet,
                    "60.00",
                    None,
                    "",
                    usual_wallet_id=company.wallet.wallet_id,
                )
            )
        )
        earlier = await one.reads.earlier(held.id, company.account_id)
        capture = Capture(company.account_id, held.id, "7.00", "", earlier, is_final=False)
        commands: list[Command] = [capture] * 12
        commands.insert(random.randrange(3, 12), Release(company.account_id, held.id, earlier))
        outcomes = await at_once(ledgers, commands)
        captured = sum(
            recorded(o).amount
            for o in outcomes
            if o.rejection is None and o.operation and o.operation.kind == "CAPTURE"
        )
        assert captured <= 5600
        assert await balance(one, payer) == (10_000 - captured, 0, 0)
        assert await balance(one, company) == (captured, 0, 0)
        assert set(codes(outcomes)) <= {None, "AUTHORIZATION_CLOSED", "AUTHORIZATION_EXCEEDED"}


async def test_nothing_is_captured_at_or_after_the_instant_of_expiry(ledgers: list[Ledger]) -> None:
    one = ledgers[0]
    payer, company = await open_holder(one, "100.00"), await open_holder(one)
    expires_at = datetime.now(UTC) + timedelta(seconds=0.8)
    held = recorded(
        await one.submit(
            Authorize(
                *(company.account_id, payer.wallet, "90.00", None, ""),
                usual_wallet_id=company.wallet.wallet_id,
                expires_at=expires_at,
            )
        )
    )
    earlier = await one.reads.earlier(held.id, company.account_id)
    capture = Capture(company.account_id, held.id, "0.01", "", earlier, is_final=False)
    # Ten dollars are free before, and all that was not captured from then on: whoever takes them shows when it was.
    spend = company.charge(payer, "10.01")
    captures: list[Outcome] = []
    charges: list[Outcome] = []

    async def hammer(ledger: Ledger) -> None:
        while datetime.now(UTC) < expires_at + timedelta(seconds=0.3):
            captures.append(await ledger.submit(capture))
            charges.append(await ledger.submit(spend))

    await asyncio.gather(*(hammer(ledger) for ledger in ledgers for _ in range(3)))
    assert codes(captures).keys() == {None, "AUTHORIZATION_CLOSED"}
    for outcome in captures:
        assert outcome.operation is not None
        assert (outcome.operation.created_at < expires_at) == (outcome.rejection is None)
    for outcome in charges:
        assert outcome.operation is not None
        if outcome.rejection is None:
            assert outcome.operation.created_at >= expires_at
    assert codes(charges)[None] >= 5
    assert (await balance(one, payer))[1] == 0


async def test_nothing_is_spent_before_it_is_available(ledgers: list[Ledger]) -> None:
    one = ledgers[0]
    payer, company = await open_holder(one, "0.50"), await open_holder(one)
    available_at = datetime.now(UTC) + timedelta(seconds=0.8)
    recorded(
        await one.submit(Deposit(payer.account_id, payer.wallet, "5.00", None, "", available_at=available_at))
    )
    charges: list[Outcome] = []

    async def hammer(ledger: Ledger) -> None:
        while datetime.now(UTC) < available_at + timedelta(seconds=0.3):
            charges.append(await ledger.submit(company.charge(payer, "1.00")))

    await asyncio.gather(*(hammer(ledger) for ledger in ledgers for _ in range(3)))
    taken = [outcome.operation for outcome in charges if outcome.rejection is None]
    assert len(taken) == 5
    assert all(operation is not None and operation.created_at >= available_at for operation in taken)
    assert await balance(one, payer) == (50, 0, 0)


async def test_transfers_in_a_circle_of_currencies(
    ledgers: list[Ledger], connection: asyncpg.Connection
) -> None:
    one = ledgers[0]
    await one.update_rates([NewRate("GBP", "1.27", None), NewRate("JPY", "0.0067", None)], UUID(int=1))
    holders = [await open_holder(one, "1000", currency=code) for code in ("USD", "GBP", "JPY", "USD", "GBP")]
    chance = random.Random(20261121)
    transfers: list[Command] = []
    for number in range(400):
        sender, receiver = chance.sample(holders, 2)
        currency = chance.choice(["USD", "GBP", "JPY", None])
        transfers.append(
            Transfer(
                sender.account_id,
                sender.wallet,
                receiver.wallet.wallet_id if number % 2 else receiver.wallet,
                str(chance.randrange(2, 90)),
                currency,
                "",
            )
        )
    outcomes = await at_once(ledgers, transfers)
    assert codes(outcomes).keys() <= {None, "INSUFFICIENT_FUNDS"}
    assert codes(outcomes)[None] > 200


@pytest.mark.parametrize("is_atomic", [True, False])
async def test_bundles_at_once(ledgers: list[Ledger], is_atomic: bool) -> None:
    one = ledgers[0]
    payers = [await open_holder(one, "10.00") for _ in range(3)]
    company = await open_holder(one)
    bundle = [company.charge(payer, "1.00") for payer in payers]
    answers = await asyncio.gather(
        *(ledgers[n % len(ledgers)].submit_many(bundle, is_atomic=is_atomic) for n in range(30))
    )
    done = [[outcome.rejection is None for outcome in outcomes] for outcomes in answers]
    assert sum(map(all, done)) == 10
    assert sum(not any(outcomes) for outcomes in done) == 20
    assert [await balance(one, payer) for payer in payers] == [(0, 0, 0)] * 3


async def test_one_key_for_each_kind_whoever_asks(ledgers: list[Ledger]) -> None:
    one = ledgers[0]
    payer, company = await open_holder(one, "100.00"), await open_holder(one, "100.00")
    charge = recorded(await one.submit(company.charge(payer, "5.00")))
    held = recorded(
        await one.submit(
            Authorize(
                company.account_id, payer.wallet, "6.00", None, "", usual_wallet_id=company.wallet.wallet_id
            )
        )
    )
    earlier = await one.reads.earlier(held.id, company.account_id)
    commands: list[Command] = [
        Transfer(payer.account_id, payer.wallet, company.wallet, "1.00", None, "", "key"),
        replace(await refund_of(one, company, charge.id, "1.00"), idempotency_key="refund"),
        Authorize(
            *(company.account_id, payer.wallet, "1.00", None, ""),
            usual_wallet_id=company.wallet.wallet_id,
            idempotency_key="authorize",
        ),
        Capture(company.account_id, held.id, "1.00", "", earlier, is_final=False, idempotency_key="capture"),
        Release(company.account_id, held.id, earlier, idempotency_key="release"),
    ]
    for command in commands:
        outcomes = await at_once(ledgers, [command] * 20)
        assert len({recorded(outcome).id for outcome in outcomes}) == 1
        assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 19
    assert await balance(one, payer) == (10_000 - 500 - 100 + 100 - 100, 100, 0)
