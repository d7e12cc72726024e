"""Which of the system's wallets a command needs, to be locked before it is decided."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.accounts import Wallet
from ledger.books import EXCHANGE, OUTSIDE, Books
from ledger.commands import Authorize, Capture, CarryOut, Charge, Command, Deposit, Enqueue, Refund, Transfer
from ledger.decisions.checks import payee_of
from ledger.decisions.queue import as_accepted
from ledger.decisions.transfer import recipient
from ledger.earlier import Earlier
from ledger.rejections import ErrorCode
from ledger.withdrawal_commands import SettleWithdrawal, Withdraw


class Need(NamedTuple):
    """Room for so much, at most, in one of the system's wallets of that kind and currency."""

    kind: str
    currency: str
    amount_minor: int


def needs(command: Command, books: Books) -> Iterator[Need]:
    """The system's wallets that the command may post to.

    Only for a command that may come about: the wait for those wallets would tell another's wallet from none. The
    exchange's is locked in the currency asked for too, so that the decimals of a currency that operations name never
    change any more.
    """
    if isinstance(command, CarryOut):
        yield from needs(as_accepted(command, books), books)
        return
    if isinstance(command, Enqueue):
        # Nothing is posted yet, but a currency is named.
        yield from (need for need in needs(command.command, books) if need.kind == EXCHANGE)
        return
    earlier = _earlier(command)
    wallets = (
        _parties(command, books)
        if earlier is None
        else [books.wallets[own_id] for own_id in earlier.wallet_ids()]
    )
    if not wallets:
        return
    asked = named_currency(command) or wallets[0].currency
    codes = {asked, *(wallet.currency for wallet in wallets)}
    if not codes <= books.currencies.keys():
        return
    if crosses_the_border(command):
        yield Need(OUTSIDE, asked, _most(asked, earlier, books))
    if len(codes) > 1:
        for code in sorted(codes):
            yield Need(EXCHANGE, code, _most(code, earlier, books))


def crosses_the_border(command: Command) -> bool:
    """Whether money comes from the outside world, or goes there."""
    if isinstance(command, CarryOut):
        return crosses_the_border(command.command)
    return isinstance(command, Deposit | SettleWithdrawal)


def named_currency(command: Command) -> str | None:
    """The currency that the command's amount is in, where it is not simply its wallet's."""
    if isinstance(command, Deposit | Transfer | Charge | Authorize | Withdraw):
        return command.currency
    if isinstance(command, CarryOut | Enqueue):
        return named_currency(command.command)
    earlier = _earlier(command)
    return None if earlier is None else earlier.currency


def _earlier(command: Command) -> Earlier | None:
    if isinstance(command, Refund):
        return command.charge
    if isinstance(command, SettleWithdrawal):
        return command.withdrawal
    return command.authorization if isinstance(command, Capture) else None


def _parties(command: Command, books: Books) -> list[Wallet]:
    if isinstance(command, Deposit | Withdraw):
        wallets = [books.owned(command.wallet, command.account_id)]
    elif isinstance(command, Transfer):
        wallets = [books.owned(command.wallet, command.account_id), recipient(command, books)]
    elif isinstance(command, Charge | Authorize):
        payee = payee_of(command, books)
        wallets = [books.opened(command.wallet)]
        if isinstance(payee, Wallet):
            wallets.append(payee)
        elif payee.code is not ErrorCode.WALLET_REQUIRED:
            # That one is recorded, in the currency asked for; any other is not.
            return []
        if isinstance(command, Charge):
            wallets += [books.opened(split.into) for split in command.splits]
    else:
        wallets = []
    return [] if None in wallets else [wallet for wallet in wallets if wallet is not None]


def _most(code: str, earlier: Earlier | None, books: Books) -> int:
    limit_minor = books.currencies[code].amount_minor_max
    if earlier is None:
        return limit_minor
    # The limit may have been larger when the earlier operation was made.
    return max(limit_minor, earlier.most_minor)
