"""Commands as the queue keeps them: JSON, to be read by whichever worker carries them out, of a later release too."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.commands import Accepted, CarryOut, Charge, Deposit, Enqueue, Queueable, Split, Transfer
from ledger.tokens import WalletToken, read_token, write_token


def write_command(queued: Enqueue) -> str:
    """The command without what the queue keeps beside it: the account, the summary, and the key, which was used."""
    command = queued.command
    parts: dict[str, Any] = {
        "wallet": write_token(*command.wallet),
        "amount": command.amount,
        "currency": command.currency,
        "converts": command.converts,
    }
    if isinstance(command, Deposit):
        parts["available_at"] = None if command.available_at is None else command.available_at.isoformat()
    elif isinstance(command, Charge):
        parts["into"] = None if command.into is None else write_token(*command.into)
        parts["usual_wallet_id"] = None if command.usual_wallet_id is None else str(command.usual_wallet_id)
        parts["splits"] = [[write_token(*into), *share] for into, *share in command.splits]
    else:
        parts["to"] = write_token(*command.to) if isinstance(command.to, WalletToken) else str(command.to)
        parts["to_is_token"] = isinstance(command.to, WalletToken)
    if queued.asked_in is not None:
        parts["asked_in"] = queued.asked_in
    return json.dumps(parts)


def read_command(accepted: Accepted, account_id: UUID, summary: str, written: str) -> CarryOut:
    """The command that carries it out, from what the queue kept."""
    parts = json.loads(written)
    return CarryOut(accepted, _read(accepted.kind, account_id, summary, parts), parts.get("asked_in"))


def _read(kind: str, account_id: UUID, summary: str, parts: Mapping[str, Any]) -> Queueable:
    wallet, amount, currency = read_token(parts["wallet"]), parts["amount"], parts["currency"]
    converts = parts["converts"]
    if kind == "DEPOSIT":
        available_at = parts["available_at"]
        at = None if available_at is None else datetime.fromisoformat(available_at)
        return Deposit(account_id, wallet, amount, currency, summary, None, at, converts)
    if kind == "CHARGE":
        into, usual = parts["into"], parts["usual_wallet_id"]
        return Charge(
            account_id,
            wallet,
            amount,
            currency,
            summary,
            None if into is None else read_token(into),
            None if usual is None else UUID(usual),
            None,
            tuple(Split(read_token(token), *share) for token, *share in parts["splits"]),
            converts,
        )
    to = read_token(parts["to"]) if parts["to_is_token"] else UUID(parts["to"])
    return Transfer(account_id, wallet, to, amount, currency, summary, None, converts)
