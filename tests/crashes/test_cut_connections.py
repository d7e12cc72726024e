"""The connection is cut around COMMIT, in every way there is: no outcome is misreported, nothing is done twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from ledger.commands import Charge
from ledger.errors import Unavailable
from ledger.outcomes import Outcome
from ledger.service import Ledger
from runtime.settings import Settings
from tests.crashes.proxy import Break, Proxy, proxy_to
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants

CHARGES = 400
CUTS = [kind for kind in Break if kind not in (Break.NONE, Break.DELAYED)]
NOT_COMMITTED = {Break.BEFORE_FORWARDING}


@pytest.fixture
async def proxy(dsn: str, tmp_path: Path) -> AsyncIterator[Proxy]:
    (server_folder,) = parse_qs(urlsplit(dsn).query)["host"]
    async with proxy_to(Path(server_folder), tmp_path) as proxy:
        yield proxy


@pytest.fixture
async def ledger(dsn: str, pool: asyncpg.Pool, proxy: Proxy, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Writes through the proxy, in small batches, and reads past it."""
    proxied = dsn.partition("host=")[0] + f"host={quote(str(tmp_path), safe='/')}"
    async with Ledger.open(Settings(batch_size_max=5, queue_seconds_max=30), proxied, pool) as ledger:
        yield ledger


@pytest.fixture(autouse=True)
async def _invariants_hold(connection: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await assert_invariants(connection)


def requests(
    count: int, payers: Sequence[Holder], companies: Sequence[Holder], *, keyed: bool | None
) -> list[Charge]:
    """Charges that can be told apart by their summary; `keyed` None: every other one has a key."""
    return [
        replace(
            company.charge(payer, "1"),
            summary=f"{payer.account_id} {number}",
            idempotency_key=f"{payer.account_id} {number}"
            if (keyed if keyed is not None else number % 2)
            else None,
        )
        for number in range(count)
        for payer, company in [(payers[number % len(payers)], companies[number % len(companies)])]
    ]


async def recorded(connection: asyncpg.Connection, charge: Charge) -> list[tuple[object, str]]:
    rows = await connection.fetch(
        "SELECT id, status::text FROM operations WHERE summary = $1", charge.summary
    )
    return [(row["id"], row["status"]) for row in rows]


@asynccontextmanager
async def killing_backends(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """All the while, writers lose their backend wherever they are."""

    async def kill() -> None:
        while True:
            await asyncio.sleep(0.2)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'purser-writer' ORDER BY random() LIMIT 1"
            )

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*CUTS, None])
async def test_every_charge_is_told_what_became_of_it(
    kind: Break | None, ledger: Ledger, proxy: Proxy, connection: asyncpg.Connection
) -> None:
    currencies = ["USD", "JPY", "BTC"]
    payers = [await open_holder(ledger, str(CHARGES // 4), currency=currencies[i % 3]) for i in range(6)]
    companies = [await open_holder(ledger, currency=currencies[i % 3]) for i in range(3)]
    dice = random.Random(7)
    kinds = list(Break) if kind is None else [kind]
    proxy.choose = lambda: dice.choice(kinds) if dice.random() < 0.3 else Break.NONE

    charges = requests(CHARGES, payers, companies, keyed=None)
    async with killing_backends(connection):
        outcomes = await asyncio.gather(
            *(ledger.submit(charge) for charge in charges), return_exceptions=True
        )
    assert sum(proxy.seen[cut] for cut in CUTS) > 10

    # A slow machine may run out of time for a batch; what it is told then must be true as well.
    away = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
    assert len(away) < CHARGES / 10
    for charge, outcome in zip(charges, outcomes, strict=True):
        rows = await recorded(connection, charge)
        if isinstance(outcome, Unavailable):
            assert len(rows) <= outcome.executed_unknown
            continue
        assert isinstance(outcome, Outcome)
        assert outcome.operation is not None
        assert not outcome.replayed
        assert rows == [(outcome.operation.id, outcome.operation.status)]
        assert (outcome.rejection is None) == (outcome.operation.status == "SUCCEEDED")


@contextmanager
def down_after(proxy: Proxy, kind: Break) -> Iterator[None]:
    """The next COMMIT goes that way, and then there is no more connecting."""

    def choose() -> Break:
        proxy.is_down = True
        return kind

    proxy.choose = choose
    yield
    proxy.is_down = False
    proxy.choose = lambda: Break.NONE


@pytest.mark.parametrize("kind", CUTS)
async def test_a_database_that_stays_away_leaves_nobody_with_a_lie(
    kind: Break,
    ledger: Ledger,
    proxy: Proxy,
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.executor.BATCH_SECONDS_MAX", 0.6)
    client, company = await open_holder(ledger, "100"), await open_holder(ledger)
    charges = requests(4, [client], [company], keyed=True)
    late = replace(charges[0], summary=f"{client.account_id} late", idempotency_key="late")
    with down_after(proxy, kind):
        answers = await asyncio.gather(*(ledger.submit(charge) for charge in charges), return_exceptions=True)
        await proxy.cut_all()
        (refused,) = await asyncio.gather(ledger.submit(late), return_exceptions=True)
    assert [isinstance(answer, Unavailable) and answer.executed_unknown for answer in answers] == [True] * 4
    assert isinstance(refused, Unavailable)
    assert not refused.executed_unknown

    await asyncio.sleep(0.2)
    assert await recorded(connection, late) == []
    counts = {len(await recorded(connection, charge)) for charge in charges}
    assert counts == {0 if kind in NOT_COMMITTED else 1}
    again = await asyncio.gather(*(ledger.submit(charge) for charge in charges))
    for charge, outcome in zip(charges, again, strict=True):
        assert outcome.replayed == (kind not in NOT_COMMITTED)
        assert outcome.operation is not None
        assert await recorded(connection, charge) == [(outcome.operation.id, "SUCCEEDED")]


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("kind", CUTS)
async def test_a_fault_after_a_lost_commit_does_not_hide_it(
    kind: Break, keyed: bool, ledger: Ledger, proxy: Proxy, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(ledger, "100"), await open_holder(ledger)
    charges = requests(4, [client], [company], keyed=keyed)
    trigger = replace(charges[0], summary=f"{client.account_id} key", idempotency_key="key", amount="2")
    # A fault that happens once, to whoever claims a key next: a sequence forgets nothing in a rollback.
    await connection.execute(
        """
        CREATE SEQUENCE faults;
        CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF nextval('faults') = 2 THEN RAISE EXCEPTION 'planted'; END IF; RETURN NULL; END $$;
        CREATE TRIGGER planted BEFORE INSERT ON idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION fail_once()
        """
    )
    kinds = [kind]
    proxy.choose = lambda: kinds.pop() if kinds else Break.NONE
    try:
        batch = [*charges, trigger]
        outcomes = await asyncio.gather(*(ledger.submit(charge) for charge in batch))
    finally:
        await connection.execute(
            "DROP TRIGGER planted ON idempotency_keys; DROP FUNCTION fail_once; DROP SEQUENCE faults"
        )
    for charge, outcome in zip(batch, outcomes, strict=True):
        assert isinstance(outcome, Outcome)
        assert outcome.operation is not None
        assert not outcome.replayed
        assert await recorded(connection, charge) == [(outcome.operation.id, "SUCCEEDED")]
