"""From what Hypothesis draws to what the model is asked, and on to the ledger's commands."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from ledger.commands import (
    Authorize,
    Capture,
    Charge,
    Command,
    Deposit,
    Enqueue,
    Queueable,
    Refund,
    Release,
    Split,
    Transfer,
)
from ledger.service import Ledger
from ledger.tokens import NOWHERE, WalletToken
from ledger.withdrawal_commands import CancelWithdrawal, Withdraw
from tests.ledger.drawing import ACCOUNTS, ANOTHERS, OWN, Drawn, DrawnSplit, Named
from tests.ledger.model.asking import Asked, Part
from tests.ledger.model.model import Model

_GOES_BACK_TO = {
    "REFUND": ("CHARGE", "CAPTURE"),
    "CAPTURE": ("AUTHORIZATION",),
    "RELEASE": ("AUTHORIZATION",),
    "CANCEL": ("WITHDRAWAL",),
}
NO_OPERATION = UUID(int=1)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Names:
    """What the model's numbers stand for in the ledger."""

    accounts: list[UUID]
    tokens: list[WalletToken] = field(default_factory=list)
    # As clients know them.
    operation_ids: dict[int, UUID] = field(default_factory=dict)


def asked_of(drawn: Drawn, names: Names, model: Model) -> Asked:
    """The request, with the wallets and operations that there are by now."""
    earlier, account = _earlier(drawn, model), drawn.account
    if account == OWN:
        account = 0 if earlier is None else model.books.operations[earlier].account
    goes_back = drawn.kind in ("REFUND", "CAPTURE", "RELEASE", "CANCEL")
    is_whole = drawn.kind in ("RELEASE", "CANCEL")
    pays_in = drawn.kind in ("CHARGE", "AUTHORIZATION")
    wallet, wallet_token = (None, None) if goes_back else _named(drawn.wallet, account, names)
    into, into_token = _named(drawn.into, account, names) if pays_in and drawn.has_into else (None, None)
    to, to_token = (None, None)
    if drawn.kind == "TRANSFER":
        to, to_token = _named(drawn.to, account, names, by_id=drawn.by_id)
    return Asked(
        kind=drawn.kind,
        account=account,
        amount=None if is_whole else drawn.amount if goes_back else drawn.amount or "1",
        wallet=wallet,
        wallet_token=wallet_token,
        currency=None if goes_back else drawn.currency,
        converts=True if goes_back or drawn.kind == "WITHDRAWAL" else drawn.converts,
        into=into,
        into_token=into_token,
        usual=_number(drawn.usual, account, names) if pays_in and drawn.usual is not None else None,
        to=to,
        to_token=to_token,
        splits=tuple(_part(split, account, names) for split in drawn.splits)
        if drawn.kind == "CHARGE"
        else (),
        earlier=earlier if goes_back else None,
        earlier_id=(NO_OPERATION if earlier is None else names.operation_ids[earlier]) if goes_back else None,
        is_final=drawn.is_final if drawn.kind == "CAPTURE" else True,
        is_later=drawn.is_later if drawn.kind == "DEPOSIT" else False,
        is_queued=drawn.is_queued and drawn.kind in ("DEPOSIT", "CHARGE", "TRANSFER"),
        key=drawn.key,
        summary="" if is_whole else drawn.summary,
    )


def _earlier(drawn: Drawn, model: Model) -> int | None:
    numbers = range(len(model.books.operations))
    candidates = list(numbers)
    if drawn.is_fitting:
        wanted = _GOES_BACK_TO[drawn.kind]
        made = model.books.operations
        candidates = [n for n in numbers if made[n].kind in wanted and made[n].code is None] or candidates
    if drawn.earlier is None or drawn.earlier >= len(candidates):
        return None
    number = candidates[-1 - drawn.earlier]
    # What ended a withdrawal has the same name as that.
    ended = model.books.operations[number].ends
    return number if ended is None else ended


async def command_of(asked: Asked, names: Names, ledger: Ledger) -> Command:
    """The command that a resolver would make of it."""
    account_id, key = names.accounts[asked.account], asked.key
    if isinstance(asked.earlier_id, UUID):
        earlier = await ledger.reads.earlier(asked.earlier_id, account_id)
        if asked.kind == "REFUND":
            return Refund(account_id, asked.earlier_id, asked.amount, asked.summary, earlier, key)
        if asked.kind == "CANCEL":
            return CancelWithdrawal(account_id, asked.earlier_id, earlier, key)
        if asked.kind == "RELEASE":
            return Release(account_id, asked.earlier_id, earlier, key)
        return Capture(
            account_id, asked.earlier_id, asked.amount, asked.summary, earlier, asked.is_final, key
        )
    wallet = asked.wallet_token
    assert isinstance(wallet, WalletToken)
    assert asked.amount is not None
    if asked.kind == "WITHDRAWAL":
        return Withdraw(
            account_id, wallet, asked.amount, asked.currency, "NL91ABNA0417164300", asked.summary, key
        )
    if asked.kind == "AUTHORIZATION":
        return Authorize(
            *(account_id, wallet, asked.amount, asked.currency, asked.summary),
            *_credited(asked, names),
            None,
            key,
            asked.converts,
        )
    moving = _moving(asked, names, wallet, asked.amount)
    return Enqueue(moving) if asked.is_queued else moving


def _moving(asked: Asked, names: Names, wallet: WalletToken, amount: str) -> Queueable:
    account_id, key = names.accounts[asked.account], asked.key
    shared = (account_id, wallet, amount, asked.currency, asked.summary)
    if asked.kind == "DEPOSIT":
        return Deposit(*shared, key, LATER if asked.is_later else None, asked.converts)
    if asked.kind == "TRANSFER":
        assert isinstance(asked.to_token, WalletToken | UUID)
        return Transfer(
            account_id,
            wallet,
            asked.to_token,
            amount,
            asked.currency,
            asked.summary,
            key,
            asked.converts,
        )
    return Charge(*shared, *_credited(asked, names), key, tuple(map(_split, asked.splits)), asked.converts)


def _credited(asked: Asked, names: Names) -> tuple[WalletToken | None, UUID | None]:
    into = asked.into_token
    assert into is None or isinstance(into, WalletToken)
    return into, None if asked.usual is None else names.tokens[asked.usual].wallet_id


def _split(part: Part) -> Split:
    assert isinstance(part.token, WalletToken)
    return Split(part.token, part.amount, part.percentage)


def _part(drawn: DrawnSplit, account: int, names: Names) -> Part:
    wallet, token = _named(drawn.into, account, names)
    return Part(wallet, token, drawn.amount, drawn.percentage)


def _number(drawn: int, account: int, names: Names) -> int:
    if drawn == ANOTHERS:
        return (account + 1) % ACCOUNTS
    return account if drawn == OWN else drawn % len(names.tokens)


def _named(
    drawn: Named, account: int, names: Names, *, by_id: bool = False
) -> tuple[int | None, WalletToken | UUID]:
    if drawn is None:
        return None, UUID(int=2) if by_id else NOWHERE
    number, is_right = _number(drawn[0], account, names), drawn[1]
    token = names.tokens[number]
    if by_id:
        return (number, token.wallet_id) if is_right else (None, UUID(int=3))
    return (number, token) if is_right else (None, WalletToken(token.wallet_id, bytes(17)))
