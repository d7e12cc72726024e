"""The first outcomes again, for requests whose idempotency keys were used before."""

from collections.abc import Sequence
from uuid import UUID

from ledger.claims import Result
from ledger.commands import Command, Enqueue
from ledger.outcomes import Operation, Outcome, Replay, WalletView
from ledger.reads import Reads
from ledger.rejections import MEANING, ErrorCode, Rejection
from ledger.sheet import own_side
from ledger.withdrawal_commands import CancelWithdrawal, Withdraw

_ARCHIVED = Rejection(
    ErrorCode.OPERATION_ARCHIVED,
    "This was asked for with the same key before, and succeeded; its operation is archived. Nothing moved now.",
    ("idempotencyKey",),
)
_ACCEPTED_ARCHIVED = Rejection(
    ErrorCode.OPERATION_ARCHIVED,
    "This was asked for with the same key before, and accepted; what came of it is archived. Nothing moved now.",
    ("idempotencyKey",),
)


async def first_outcomes(
    reads: Reads, results: Sequence[Result], commands: Sequence[Command]
) -> list[Outcome]:
    """The results with each replay turned into what the first request was answered, its wallet as it is now.

    Of a success whose operation is archived there is left that it was one. Raises Unavailable.
    """
    replayed_ids = [result.operation_id for result in results if isinstance(result, Replay)]
    operations = {
        operation_id: operation
        for operation_id, (operation, _) in (await reads.operations_by_id(replayed_ids)).items()
    }
    await _expect_archived(
        [
            result.operation_id
            for result in results
            if isinstance(result, Replay)
            and result.rejection is None
            and result.operation_id not in operations
        ],
        reads,
    )
    wallet_ids = {
        wallet_id
        for operation in operations.values()
        for wallet_id in (operation.source_id, operation.target_id)
        if wallet_id is not None
    }
    wallets = await reads.wallets_by_id(wallet_ids)
    return [
        _first(result, operations, wallets, command) if isinstance(result, Replay) else result
        for result, command in zip(results, commands, strict=True)
    ]


async def _expect_archived(missing_ids: Sequence[UUID], reads: Reads) -> None:
    # A key and its operation are written in one transaction.
    lost_ids = await reads.never_archived(missing_ids) if missing_ids else ()
    if lost_ids:
        raise LookupError(f"Operation {lost_ids[0]} of an idempotency key is not there")


def _first(
    replay: Replay,
    operations: dict[UUID, Operation],
    wallets: dict[UUID, WalletView],
    command: Command,
) -> Outcome:
    operation = operations.get(replay.operation_id)
    if operation is None:
        archived = _ACCEPTED_ARCHIVED if isinstance(command, Enqueue | Withdraw) else _ARCHIVED
        return Outcome(None, None, replay.rejection or archived, replayed=True)
    source, target = (
        None if wallet_id is None else wallets.get(wallet_id)
        for wallet_id in (operation.source_id, operation.target_id)
    )
    wallet = own_side(operation.kind, source, target, command.account_id)
    return Outcome(operation, wallet, replay.rejection or _came_to(operation, command), replayed=True)


def _came_to(operation: Operation, command: Command) -> Rejection | None:
    """Why what was accepted with that key came to nothing later."""
    code = operation.failure_code
    if code is None or isinstance(command, CancelWithdrawal):
        return None
    return Rejection(code, MEANING[code])
