"""The checks, in the order that the product promises."""

from fractions import Fraction

from ledger.rejections import ErrorCode
from tests.ledger.model.asking import Asked
from tests.ledger.model.books import AMOUNT_MINOR_MAX, EXPONENTS, ModelBooks, ModelWallet, down, up


def amount_minor(amount: str, currency: str | None) -> int | ErrorCode:
    """The amount in minor units; `currency` is None where none was named and no wallet is known."""
    if float(amount) == 0:
        return ErrorCode.AMOUNT_NOT_POSITIVE
    if currency is None:
        return ErrorCode.WALLET_NOT_FOUND
    if currency not in EXPONENTS:
        return ErrorCode.CURRENCY_UNKNOWN
    decimals = amount.partition(".")[2]
    if len(decimals) > EXPONENTS[currency]:
        return ErrorCode.AMOUNT_TOO_PRECISE
    minor = int(Fraction(amount) * 10 ** EXPONENTS[currency])
    return ErrorCode.AMOUNT_TOO_LARGE if minor > AMOUNT_MINOR_MAX[currency] else minor


def conversion(
    books: ModelBooks,
    asked: Asked,
    amount: int,
    currency: str,
    payer: ModelWallet | None,
    payees: list[ModelWallet],
    parts: list[int],
) -> ErrorCode | None:
    """Whether an amount of that currency can leave the payer and its parts can reach the payees."""
    wallets = ([] if payer is None else [payer]) + payees
    if all(wallet.currency == currency for wallet in wallets):
        return None
    if not asked.converts:
        return ErrorCode.CURRENCY_MISMATCH
    legs = [*([] if payer is None else [(payer, None)]), *zip(payees, parts, strict=True)]
    for wallet, part in legs:
        if wallet.currency != currency and not {wallet.currency, currency} <= books.rates.keys():
            return ErrorCode.RATE_MISSING
        whole = books.in_units_of(amount, currency, wallet.currency)
        if (up(whole) if part is None else down(whole)) > AMOUNT_MINOR_MAX[wallet.currency]:
            return ErrorCode.AMOUNT_TOO_LARGE
        if part and down(books.in_units_of(part, currency, wallet.currency)) == 0:
            return ErrorCode.AMOUNT_NOT_POSITIVE
    return None


def may_not_pay(wallet: ModelWallet) -> ErrorCode | None:
    return ErrorCode.WALLET_FROZEN if wallet.status == "FROZEN" else may_not_receive(wallet)


def may_not_receive(wallet: ModelWallet) -> ErrorCode | None:
    return ErrorCode.WALLET_CLOSED if wallet.status == "CLOSED" else None


def too_little(wallet: ModelWallet, amount: int) -> ErrorCode | None:
    return ErrorCode.INSUFFICIENT_FUNDS if wallet.available < amount else None
