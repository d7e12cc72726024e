"""Making and finding wallets."""

from typing import Annotated
from uuid import UUID

import strawberry

from auth.principal import Role
from ledger.outcomes import WalletView
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import read_token
from ledger.wallets import NewWallet
from schema.context import Context, Info
from schema.errors import user_errors
from schema.failures import Failure, FailureCode
from schema.ids import IdKind, read_id_of
from schema.inputs import CreateWalletArgument
from schema.paging import After, Before, First, Last, read_page
from schema.payloads import CreateWalletPayload
from schema.scalars import WalletToken
from schema.wallet_pages import WalletConnection, WalletFilterArgument, wallet_page
from schema.wallets import Wallet, wallet

TEXT_CHARACTERS_MAX = 255

TokenArgument = Annotated[WalletToken | None, strawberry.argument(description="The wallet's token.")]
IdArgument = Annotated[strawberry.ID | None, strawberry.argument(description="The wallet's public id.")]


async def find_wallet(info: Info, token: TokenArgument = None, id: IdArgument = None) -> Wallet | None:
    """One of the reader's wallets, or null where there is none or it is not theirs."""
    context = info.context
    context.signed_in()
    if (token is None) == (id is None):
        raise Failure(FailureCode.BAD_USER_INPUT, "Name the wallet by `token` or by `id`, one of the two.")
    if token is not None:
        parts = read_token(token)
        view = await readable_wallet(context, parts.wallet_id)
        return wallet(view, context) if view is not None and parts.opens(view.token_secret) else None
    assert id is not None
    wallet_id = read_id_of(IdKind.WALLET, id)
    view = None if wallet_id is None else await readable_wallet(context, wallet_id)
    return None if view is None else wallet(view, context)


async def readable_wallet(context: Context, wallet_id: UUID) -> WalletView | None:
    """The wallet, if the reader may read it."""
    view = await context.ledger.reads.wallet(wallet_id)
    return view if view is not None and context.may_read(view.owner_id) else None


async def list_wallets(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter_: WalletFilterArgument = None,
) -> WalletConnection:
    """The reader's wallets; everyone's for an administrator."""
    context = info.context
    principal = context.signed_in()
    owner_id = None if principal.role is Role.ADMIN else principal.account_id
    return await wallet_page(context, read_page(first, after, last, before), filter_, owner_id=owner_id)


async def create_wallet(info: Info, input: CreateWalletArgument) -> CreateWalletPayload:
    """A new wallet of the caller's."""
    context = info.context
    principal = context.signed_in(Role.CLIENT, Role.COMPANY)
    texts = {
        field: (text or "").strip() or None
        for field, text in (("name", input.name), ("country", input.country), ("city", input.city))
    }
    problems = [
        Rejection(ErrorCode.TOO_LONG, f"At most {TEXT_CHARACTERS_MAX} characters.", (field,))
        for field, text in texts.items()
        if text is not None and len(text) > TEXT_CHARACTERS_MAX
    ]
    if problems:
        return CreateWalletPayload(wallet=None, user_errors=user_errors(problems))
    settings = context.settings
    is_company = principal.role is Role.COMPANY
    asked = NewWallet(principal.account_id, input.currency or settings.default_currency, **texts)
    made = await context.ledger.create_wallet(
        asked, wallets_max=settings.max_wallets_per_company if is_company else settings.max_wallets_per_client
    )
    if isinstance(made, Rejection):
        return CreateWalletPayload(wallet=None, user_errors=user_errors([made]))
    return CreateWalletPayload(wallet=wallet(made, context), user_errors=[])
