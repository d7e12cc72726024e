"""docs/withdrawals.md and its picture against the schema, the database and the workers."""

import asyncio
import re
from itertools import product

import asyncpg

from runtime.settings import Settings
from schema.withdrawals import WithdrawalState
from tests.databases import copy_database
from tests.docs.tables import ROOT, table_of
from tests.workers.dying_worker import POINTS
from tests.workers.test_withdrawals_killed import HOLDERS, TIMES_MAX, WITHDRAWALS_EACH, WORKERS
from workers.conclusions import MARGIN_SECONDS, PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN, seconds_to_next_attempt

PAGE = "withdrawals.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")
WORDS = " ".join(TEXT.split())
PICTURE = (ROOT / "docs" / "images" / "withdrawals.svg").read_text("utf-8")
ENDS = {"SUCCEEDED", "FAILED", "CANCELLED"}


def told() -> set[tuple[str, str]]:
    """From which state to which one there is a way, by the page."""
    return {(row[0], row[1]) for row in table_of(PAGE, "From", "To").rows}


def test_all_states_are_in_the_page_and_the_picture() -> None:
    states = {state.value for state in WithdrawalState}
    assert {state for way in told() for state in way} == states
    assert set(re.findall(r'class="name [\w-]+"[^>]*>([A-Z]+)<', PICTURE)) == states
    assert "images/withdrawals.svg" in TEXT


async def test_the_database_allows_the_ways_of_the_page(template_dsn: str) -> None:
    dsn = await asyncio.to_thread(copy_database, template_dsn, "docs_withdrawals")
    connection = await asyncpg.connect(dsn)
    states = [state.value for state in WithdrawalState]
    allowed = {(old, new) for old, new in product(states, states) if await _is_allowed(connection, old, new)}
    await connection.close()
    assert told() <= allowed
    assert not {(old, new) for old, new in allowed if old in ENDS and new != old}
    # What can't have been paid is not settled as paid, and what may have been is not called back.
    assert {old for old, new in allowed if new == "SUCCEEDED" and old != new} == {"SENT", "UNKNOWN"}
    assert {old for old, new in allowed if new == "CANCELLED" and old != new} == {"PENDING"}


async def _is_allowed(connection: asyncpg.Connection, old: str, new: str) -> bool:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(
            "INSERT INTO withdrawals (operation_id, wallet_id, account_id, destination, state, due_at) "
            "VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', $1, $2::timestamptz)",
            *(old, None if old in ENDS else await connection.fetchval("SELECT now()")),
        )
        await connection.execute(
            "UPDATE withdrawals SET state = $1, due_at = CASE WHEN $2 THEN NULL ELSE now() END",
            *(new, new in ENDS),
        )
    except asyncpg.IntegrityConstraintViolationError:
        return False
    finally:
        await transaction.rollback()
    return True


def test_the_settings_are_told_with_their_defaults() -> None:
    settings = Settings()
    told = table_of(PAGE, "Variable", "Default").by_name()
    for name in ("withdrawal_attempts_max", "withdrawal_concurrency", "withdrawal_seconds_max"):
        assert told[f"PURSER_{name.upper()}"][0] == f"{getattr(settings, name):g}"


def test_pauses_and_margins_are_told() -> None:
    assert [seconds_to_next_attempt(number) for number in (1, 2, 3)] == [1, 2, 4]
    assert "the next one after 1 s, 2 s, 4 s … up to a minute" in WORDS
    assert (PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, MARGIN_SECONDS) == (1, 60, 5)
    assert WORDS.count("5 seconds") >= 3


def test_the_points_of_death_are_told() -> None:
    points = re.findall(r"^- (.+)$", TEXT, re.MULTILINE)
    assert points == [point.name for point in POINTS]
    assert WORKERS == 4
    assert f"{HOLDERS * WITHDRAWALS_EACH:,} withdrawals paid by four workers" in WORDS
    assert TIMES_MAX == 8
    assert "the first to seventh time that it gets there" in WORDS
