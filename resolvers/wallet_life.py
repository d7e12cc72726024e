"""What becomes of a wallet after it was made."""

from auth.principal import Role
from ledger.outcomes import WalletView
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken, read_token
from resolvers.money import read_target
from resolvers.wallets import TEXT_CHARACTERS_MAX
from schema.context import Context, Info
from schema.errors import user_errors
from schema.movements import WalletTarget
from schema.wallet_life import (
    CloseWalletArgument,
    FreezeWalletArgument,
    RenameWalletArgument,
    RotateWalletTokenArgument,
    UnfreezeWalletArgument,
    WalletPayload,
)
from schema.wallets import wallet


async def rename_wallet(info: Info, input: RenameWalletArgument) -> WalletPayload:
    """Another name for the caller's wallet."""
    context = info.context
    owner_id = context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    name = (input.name or "").strip() or None
    if name is not None and len(name) > TEXT_CHARACTERS_MAX:
        message = f"At most {TEXT_CHARACTERS_MAX} characters."
        return _payload(Rejection(ErrorCode.TOO_LONG, message, ("name",)), context)
    life = context.ledger.wallet_life
    return _payload(await life.rename(read_token(input.wallet), owner_id, name), context)


async def close_wallet(info: Info, input: CloseWalletArgument) -> WalletPayload:
    """The end of the caller's wallet."""
    context = info.context
    owner_id = context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    return _payload(await context.ledger.wallet_life.close(read_token(input.wallet), owner_id), context)


async def rotate_wallet_token(info: Info, input: RotateWalletTokenArgument) -> WalletPayload:
    """Another token for the caller's wallet."""
    context = info.context
    owner_id = context.signed_in(Role.CLIENT, Role.COMPANY).account_id
    life = context.ledger.wallet_life
    return _payload(await life.rotate_token(read_token(input.wallet), owner_id), context)


async def freeze_wallet(info: Info, input: FreezeWalletArgument) -> WalletPayload:
    """A wallet that can receive, and not pay."""
    return await _set_frozen(info.context, input.wallet, frozen=True)


async def unfreeze_wallet(info: Info, input: UnfreezeWalletArgument) -> WalletPayload:
    """A wallet that can pay again."""
    return await _set_frozen(info.context, input.wallet, frozen=False)


async def _set_frozen(context: Context, named: WalletTarget, *, frozen: bool) -> WalletPayload:
    context.signed_in(Role.ADMIN)
    target = read_target(named)
    wallet_id, token = (target.wallet_id, target) if isinstance(target, WalletToken) else (target, None)
    return _payload(await context.ledger.wallet_life.set_frozen(wallet_id, token, frozen=frozen), context)


def _payload(changed: WalletView | Rejection, context: Context) -> WalletPayload:
    if isinstance(changed, Rejection):
        return WalletPayload(wallet=None, user_errors=user_errors([changed]))
    return WalletPayload(wallet=wallet(changed, context), user_errors=[])
