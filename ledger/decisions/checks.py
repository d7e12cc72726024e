"""The checks that commands share, each a refusal or None."""

from typing import NamedTuple

from ledger.accounts import CLOSED, FROZEN, Wallet
from ledger.books import Books
from ledger.commands import Authorize, Charge
from ledger.money import Currency, decimal_text, is_zero, minor_units
from ledger.rejections import ErrorCode, Rejection


class Amount(NamedTuple):
    """What is asked for, in minor units of the currency asked for."""

    minor: int
    currency: Currency


def read_amount(
    text: str, code: str | None, wallet: Wallet | None, books: Books, field: tuple[str, ...] = ("amount",)
) -> Amount | Rejection:
    """The amount in the currency asked for, or in the wallet's where none is."""
    if is_zero(text):
        return Rejection(ErrorCode.AMOUNT_NOT_POSITIVE, "The amount must be greater than zero.", field)
    if code is None:
        if wallet is None:
            return not_found("wallet")
        code = wallet.currency
    currency = books.currencies.get(code)
    if currency is None:
        return Rejection(ErrorCode.CURRENCY_UNKNOWN, f"There is no currency {code} here.", ("currency",))
    amount_minor = minor_units(text, currency.exponent)
    if amount_minor is None:
        return Rejection(
            ErrorCode.AMOUNT_TOO_PRECISE,
            f"An amount of {code} has at most {currency.exponent} decimals; nothing is rounded.",
            field,
        )
    if amount_minor > currency.amount_minor_max:
        most = decimal_text(currency.amount_minor_max, currency.exponent)
        return Rejection(ErrorCode.AMOUNT_TOO_LARGE, f"One operation moves at most {most} {code}.", field)
    return Amount(amount_minor, currency)


def payee_of(command: Charge | Authorize, books: Books) -> Wallet | Rejection:
    """The company's own wallet: the one it named, or its only one."""
    if command.into is not None:
        named = books.owned(command.into, command.account_id)
        return not_found("into") if named is None else named
    usual = usual_of(command, books)
    if usual is None:
        return Rejection(
            ErrorCode.WALLET_REQUIRED,
            "Create a wallet first, or say with `into` which of your wallets is credited.",
            ("into",),
        )
    return usual


def usual_of(command: Charge | Authorize, books: Books) -> Wallet | None:
    """The company's wallet where it has no other: the one looked up again, or else the one remembered."""
    usual_id = books.usual_ids.get(command.account_id, command.usual_wallet_id)
    usual = None if usual_id is None else books.wallets.get(usual_id)
    return None if usual is None or usual.owner_id != command.account_id or not usual.only_one else usual


def not_found(*field: str) -> Rejection:
    """For a wallet that is not there, or not the caller's to use."""
    return Rejection(ErrorCode.WALLET_NOT_FOUND, "There is no such wallet.", field)


def unknown_operation(field: str) -> Rejection:
    """For an operation that is not there, or not the caller's to use."""
    return Rejection(ErrorCode.OPERATION_NOT_FOUND, "There is no such operation.", (field,))


def same_owner(payer: Wallet, payee: Wallet) -> Rejection | None:
    """A company does not charge itself."""
    if payer.owner_id != payee.owner_id:
        return None
    return Rejection(ErrorCode.SAME_WALLET, "A company can't charge a wallet of its own.", ("wallet",))


def may_not_pay(wallet: Wallet, *field: str) -> Rejection | None:
    """Frozen or closed."""
    if wallet.status == FROZEN:
        return Rejection(ErrorCode.WALLET_FROZEN, "The wallet is frozen: it can receive, not pay.", field)
    return may_not_receive(wallet, *field)


def may_not_receive(wallet: Wallet, *field: str) -> Rejection | None:
    """Closed."""
    if wallet.status == CLOSED:
        return Rejection(ErrorCode.WALLET_CLOSED, "The wallet is closed.", field)
    return None


def too_little(wallet: Wallet, amount_minor: int) -> Rejection | None:
    """The balance itself is the owner's to know, not the company's."""
    if wallet.available >= amount_minor:
        return None
    return Rejection(
        ErrorCode.INSUFFICIENT_FUNDS, "The wallet has less available than this amount.", ("amount",)
    )


def no_room(wallet: Wallet, amount_minor: int) -> Rejection | None:
    """A balance is a bigint."""
    if wallet.can_take(amount_minor):
        return None
    return Rejection(ErrorCode.AMOUNT_TOO_LARGE, "The balance would be larger than can be kept.", ("amount",))
