"""Handing commands to the ledger, and turning what comes of them into payloads."""

import unicodedata
from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from ledger.commands import (
    IDEMPOTENCY_KEY_CHARACTERS_MAX,
    SPLITS_MAX,
    SUMMARY_CHARACTERS_MAX,
    Charge,
    Command,
    Enqueue,
)
from ledger.earlier import Earlier
from ledger.outcomes import Outcome
from ledger.rejections import NOT_EXECUTED, ErrorCode, Rejection
from ledger.withdrawal_commands import DESTINATION_CHARACTERS_MAX, Withdraw
from schema.context import Context
from schema.errors import user_errors
from schema.ids import IdKind, read_id_of
from schema.operations import operation
from schema.payloads import BulkPayload, OperationPayload
from schema.wallets import wallet


async def submit(context: Context, command: Command) -> OperationPayload:
    """The command's outcome, once it is committed."""
    if problems := size_problems(command):
        return refusal(problems)
    return _payload(await context.ledger.submit(command), context)


async def submit_many(context: Context, commands: Sequence[Command], *, atomic: bool | None) -> BulkPayload:
    """The outcomes of all of them, in order. What is wrong with one text is that one's outcome alone."""
    refused = {
        index: refusal(problems)
        for index, command in enumerate(commands)
        if (problems := size_problems(command) or _atomicity_problems(command, atomic=atomic))
    }
    if atomic and refused:
        payloads = [refused.get(index) or refusal([NOT_EXECUTED]) for index in range(len(commands))]
    else:
        sound = [command for index, command in enumerate(commands) if index not in refused]
        outcomes = iter(await context.ledger.submit_many(sound, is_atomic=bool(atomic)) if sound else ())
        payloads = [
            refused[index] if index in refused else _payload(next(outcomes), context)
            for index in range(len(commands))
        ]
    failed_count = sum(bool(payload.user_errors) for payload in payloads)
    return BulkPayload(
        outcomes=payloads, succeeded_count=len(payloads) - failed_count, failed_count=failed_count
    )


async def earlier_operation(
    context: Context, public_id: str, account_id: UUID
) -> tuple[UUID, Earlier | None]:
    """The operation that a command goes back to: its id, and itself where it is one of the account's."""
    operation_id = read_id_of(IdKind.OPERATION, public_id)
    if operation_id is None:
        # Answered like an operation that is not there. Its own id each time would make each a request of its own.
        return uuid5(NAMESPACE_URL, public_id), None
    return operation_id, await context.ledger.reads.earlier(operation_id, account_id)


def refusal(problems: Sequence[Rejection]) -> OperationPayload:
    """The payload of what never came to the ledger."""
    return OperationPayload(operation=None, wallet=None, replayed=False, user_errors=user_errors(problems))


def size_problems(command: Command) -> list[Rejection]:
    """What is too long for the ledger to look at."""
    problems = []
    if len(command.summary) > SUMMARY_CHARACTERS_MAX:
        message = f"A summary has at most {SUMMARY_CHARACTERS_MAX} characters."
        problems.append(Rejection(ErrorCode.TOO_LONG, message, ("summary",)))
    key = command.idempotency_key
    if key == "":
        problems.append(
            Rejection(ErrorCode.BLANK, "An idempotency key has at least one character.", ("idempotencyKey",))
        )
    if key is not None and len(key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
        message = f"An idempotency key has at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters."
        problems.append(Rejection(ErrorCode.TOO_LONG, message, ("idempotencyKey",)))
    if isinstance(command, Withdraw):
        problems += _destination_problems(command.destination)
    charge = command.command if isinstance(command, Enqueue) else command
    if isinstance(charge, Charge) and len(charge.splits) > SPLITS_MAX:
        message = f"A charge has at most {SPLITS_MAX} splits."
        problems.append(Rejection(ErrorCode.INVALID, message, ("splits",)))
    return problems


def _destination_problems(destination: str) -> list[Rejection]:
    if not destination.strip():
        message = "Say which bank account the money goes to."
        return [Rejection(ErrorCode.BLANK, message, ("destination",))]
    if len(destination) > DESTINATION_CHARACTERS_MAX:
        message = f"A destination has at most {DESTINATION_CHARACTERS_MAX} characters."
        return [Rejection(ErrorCode.TOO_LONG, message, ("destination",))]
    if any(unicodedata.category(character) == "Cc" for character in destination):
        message = "A destination is one line, without control characters."
        return [Rejection(ErrorCode.INVALID, message, ("destination",))]
    return []


def _atomicity_problems(command: Command, *, atomic: bool | None) -> list[Rejection]:
    if not atomic or not isinstance(command, Enqueue):
        return []
    message = "What is queued is carried out one by one, so it can't be all or nothing."
    return [Rejection(ErrorCode.INVALID, message, ("queued",))]


def _payload(outcome: Outcome, context: Context) -> OperationPayload:
    return OperationPayload(
        operation=None if outcome.operation is None else operation(outcome.operation, context),
        wallet=None if outcome.wallet is None else wallet(outcome.wallet, context),
        replayed=outcome.replayed,
        user_errors=[] if outcome.rejection is None else user_errors([outcome.rejection]),
    )
