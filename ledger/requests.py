"""What waits in the queue and is executed together: commands with the ids that their operations will have."""

from typing import NamedTuple
from uuid import UUID

from ledger.commands import Command, fingerprint

Key = tuple[UUID, str]


class Request:
    """A command with the id its operation will have, the same in every attempt to execute it."""

    __slots__ = ("command", "fingerprint", "key", "operation_id")

    def __init__(self, command: Command, operation_id: UUID) -> None:
        self.command = command
        self.operation_id = operation_id
        self.key: Key | None = None
        self.fingerprint = b""
        if command.idempotency_key is not None:
            self.key = (command.account_id, command.idempotency_key)
            self.fingerprint = fingerprint(command)


class Bundle(NamedTuple):
    """Requests that one caller sent together, one at least. `is_atomic`: where one is refused, none moves money."""

    requests: tuple[Request, ...]
    is_atomic: bool = False
