"""Links to a wallet's history as a file."""

from ledger.decisions.checks import not_found
from ledger.tokens import read_token
from resolvers.wallets import readable_wallet
from schema.context import Info
from schema.errors import user_errors
from schema.exports import ExportFormat, ExportHistoryArgument, ExportHistoryPayload
from schema.scalars import DateTime


async def export_history(info: Info, input: ExportHistoryArgument) -> ExportHistoryPayload:
    """A link to the wallet's history as it stands now, for its owner and for administrators."""
    context = info.context
    principal = context.signed_in()
    token = read_token(input.wallet)
    wallet = await readable_wallet(context, token.wallet_id)
    if wallet is None or not token.opens(wallet.token_secret):
        return ExportHistoryPayload(url=None, expires_at=None, user_errors=user_errors([not_found("wallet")]))
    window = await context.ledger.exports.window(wallet.id, input.from_, input.to)
    format_ = input.format or ExportFormat.CSV
    link, expires_at = context.auth.export_links.issue(principal, wallet.id, window, format_)
    url = f"{context.origin}/exports/{link}"
    return ExportHistoryPayload(url=url, expires_at=DateTime(expires_at), user_errors=[])
