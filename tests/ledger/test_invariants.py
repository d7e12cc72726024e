"""The invariants are worth as much as their sight: each fault, planted past the triggers, is seen."""

import asyncpg
import pytest

from ledger.service import Ledger
from tests.ledger.holders import open_holder
from tests.ledger.invariants import assert_invariants, broken_invariants

OF_A_CHARGE = "operation_id = (SELECT id FROM operations WHERE kind = 'CHARGE' ORDER BY id LIMIT 1)"
FAULTS = {
    "entries of an operation sum to zero": f"UPDATE entries SET amount = amount + 1 WHERE {OF_A_CHARGE} AND amount > 0",
    "a balance is the sum of its entries": "UPDATE wallets SET balance = balance + 1",
    "sequences count": "UPDATE entries SET sequence = sequence + 100 WHERE sequence > 1",
    "the balance after an entry": "UPDATE entries SET balance_after = balance_after + 1 WHERE sequence = 1",
    "times never run backwards": "UPDATE entries SET created_at = created_at + interval '1 day' WHERE sequence = 1",
    "a holder's money": "UPDATE entries SET balance_after = -1 WHERE sequence = 2",
    "entries belong to a wallet": "DELETE FROM wallets WHERE kind = 'OUTSIDE'",
    "entries have their operation": "DELETE FROM operations WHERE kind = 'CHARGE'",
    "an operation stands once": f"DELETE FROM entries WHERE {OF_A_CHARGE}",
    "what an operation says": "UPDATE operations SET credited = credited + 1",
    "a key leads to": "DELETE FROM operations",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_seen(fault: str, ledger: Ledger, connection: asyncpg.Connection) -> None:
    client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
    for amount in ("4.00", "5.00", "6.00"):
        await ledger.submit(company.charge(client, amount, key=amount))
    await assert_invariants(connection)

    planting = connection.transaction(isolation="repeatable_read")
    await planting.start()
    try:
        # Past triggers, as a bug below them would write.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(FAULTS[fault])
        broken = await broken_invariants(connection)
    finally:
        await planting.rollback()
    assert any(name.startswith(fault) for name in broken), broken.keys()
