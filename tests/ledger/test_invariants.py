"""The invariants are worth as much as their sight: each fault, planted past the triggers, is seen."""

import asyncpg
import pytest

from ledger.commands import Authorize, Enqueue, Refund
from ledger.service import Ledger
from ledger.withdrawal_commands import Withdraw
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
    "what is held and pending": "UPDATE wallets SET held = held + 1 WHERE held > 0",
    "the shares of a charge": "UPDATE shares SET amount = amount + 1 WHERE number = 1",
    "what was refunded": "UPDATE shares SET refunded = refunded - 1",
    "what was captured": "UPDATE reservations SET captured = captured + 1",
    "a withdrawal, its": "UPDATE withdrawals SET state = 'FAILED', due_at = NULL WHERE state = 'PENDING'",
    "what is under way": "UPDATE operations SET status = 'PENDING' WHERE kind = 'CHARGE' AND status = 'SUCCEEDED'",
    "what was queued": "UPDATE queued_operations SET lane = 2",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_seen(fault: str, ledger: Ledger, connection: asyncpg.Connection) -> None:
    client, company = await open_holder(ledger, "12.00"), await open_holder(ledger)
    for amount in ("4.00", "5.00", "9.00"):
        last = await ledger.submit(company.charge(client, amount, key=amount))
        if last.operation is not None and last.rejection is None:
            charge = await ledger.reads.earlier(last.operation.id, company.account_id)
    assert charge is not None
    await ledger.submit(Refund(company.account_id, charge.id, "1.00", "", charge))
    till = company.wallet.wallet_id
    await ledger.submit(Authorize(company.account_id, client.wallet, "1.00", None, "", usual_wallet_id=till))
    await ledger.submit(Withdraw(client.account_id, client.wallet, "1.00", None, "NL91ABNA0417164300", ""))
    await ledger.submit(Enqueue(client.deposit("1.00")))
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
