"""What the queue keeps of a command is read again as it was, whoever wrote it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.commands import Accepted, CarryOut, Charge, Deposit, Enqueue, Queueable, Split, Transfer
from ledger.queued_commands import read_command, write_command
from ledger.tokens import SECRET_BYTES, WalletToken

ACCOUNT = UUID(int=1)
PURSE, TILL = WalletToken(UUID(int=2), b"p" * SECRET_BYTES), WalletToken(UUID(int=3), b"t" * SECRET_BYTES)
AT = datetime(2026, 11, 21, tzinfo=UTC)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def accepted(kind: str) -> Accepted:
    return Accepted(UUID(int=9), kind, 100, "USD", PURSE.wallet_id, TILL.wallet_id, AT)


@pytest.mark.parametrize("asked_in", [None, TRACEPARENT])
@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("DEPOSIT", Deposit(ACCOUNT, PURSE, "1.00", "USD", "Tips", None, AT)),
        (
            "CHARGE",
            Charge(ACCOUNT, PURSE, "1.00", "USD", "Soup", TILL, None, None, (Split(TILL, "0.10", None),)),
        ),
        ("TRANSFER", Transfer(ACCOUNT, PURSE, TILL.wallet_id, "1.00", "USD", "Rent", None)),
    ],
)
def test_a_command_is_read_as_it_was_written(kind: str, command: Queueable, asked_in: str | None) -> None:
    written = write_command(Enqueue(command, asked_in))
    read = read_command(accepted(kind), ACCOUNT, command.summary, written)
    assert read == CarryOut(accepted(kind), command, asked_in)
    # Whoever does not trace keeps nothing of it.
    assert ("asked_in" in json.loads(written)) == (asked_in is not None)
