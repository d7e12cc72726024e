"""What administrators alone may ask for."""

from auth.principal import Role
from schema.account_pages import AccountConnection, AccountFilterArgument, account_page
from schema.context import Info
from schema.paging import After, Before, First, Last, read_page
from schema.position import CurrencyPosition, position


async def list_accounts(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter_: AccountFilterArgument = None,
) -> AccountConnection:
    """Everyone's accounts."""
    info.context.signed_in(Role.ADMIN)
    return await account_page(info.context, read_page(first, after, last, before), filter_)


async def read_position(info: Info) -> list[CurrencyPosition]:
    """What the operator owes and has."""
    info.context.signed_in(Role.ADMIN)
    ledger = info.context.ledger
    return [position(sums, ledger.currencies) for sums in await ledger.position()]
