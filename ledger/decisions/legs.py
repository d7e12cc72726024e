"""What leaves one wallet and arrives in others when an amount of some currency is asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.accounts import Wallet
from ledger.books import EXCHANGE, Books
from ledger.conversion import arriving, leaving, rate_text
from ledger.decisions.checks import Amount
from ledger.decisions.decision import Posting
from ledger.money import Currency, decimal_text
from ledger.rejections import ErrorCode, Rejection


class Part(NamedTuple):
    """A wallet and how much of the amount it is to get, in minor units of the currency asked for."""

    wallet: Wallet
    amount_minor: int


class Legs(NamedTuple):
    """What leaves, and what arrives of each part, in minor units of the wallets' currencies."""

    debited_minor: int
    credited_minor: tuple[int, ...]
    # Units of the first credited currency for one unit of the debited; None where nothing was converted.
    rate: str | None


def work_out(
    asked: Amount, payer: Wallet | None, parts: Sequence[Part], books: Books, *, converts: bool
) -> Legs | Rejection:
    """The legs of a movement from `payer`, or from the outside world in the currency asked for.

    What leaves is rounded up, what arrives is rounded down, each from the amount asked for.
    """
    code = asked.currency.code
    if (payer is None or payer.currency == code) and all(part.wallet.currency == code for part in parts):
        return Legs(asked.minor, tuple(part.amount_minor for part in parts), None)
    if not converts:
        return _mismatch(asked, payer, parts)
    debited = asked if payer is None else leaves(asked, books.currencies[payer.currency])
    if isinstance(debited, Rejection):
        return debited
    credited_minor = []
    for wallet, amount_minor in parts:
        credited = _arrives(asked, amount_minor, books.currencies[wallet.currency])
        if isinstance(credited, Rejection):
            return credited
        credited_minor.append(credited.minor)
    rate = rate_text(debited.currency, books.currencies[parts[0].wallet.currency])
    return Legs(debited.minor, tuple(credited_minor), rate)


def balanced(moves: Sequence[Posting], books: Books) -> tuple[Posting, ...]:
    """The moves with what the exchange takes and gives, so that each currency sums to zero."""
    sums: dict[str, int] = {}
    for wallet, amount_minor in moves:
        sums[wallet.currency] = sums.get(wallet.currency, 0) + amount_minor
    exchanged = (
        Posting(books.system_wallet(EXCHANGE, code, -left), -left) for code, left in sums.items() if left
    )
    return (*moves, *exchanged)


def leaves(asked: Amount, currency: Currency) -> Amount | Rejection:
    """What the amount costs in that currency, rounded up."""
    if missing := _rate_missing(asked.currency, currency):
        return missing
    return _within_limit(Amount(leaving(asked.minor, asked.currency, currency), currency))


def _arrives(asked: Amount, part_minor: int, currency: Currency) -> Amount | Rejection:
    if missing := _rate_missing(asked.currency, currency):
        return missing
    # Of the whole, so that all parts together are within the limit.
    whole = _within_limit(Amount(arriving(asked.minor, asked.currency, currency), currency))
    if isinstance(whole, Rejection):
        return whole
    arrives_minor = arriving(part_minor, asked.currency, currency)
    if part_minor and not arrives_minor:
        return Rejection(
            ErrorCode.AMOUNT_NOT_POSITIVE,
            f"The amount is worth less than the smallest unit of {currency.code}.",
            ("amount",),
        )
    return Amount(arrives_minor, currency)


def _within_limit(amount: Amount) -> Amount | Rejection:
    currency = amount.currency
    if amount.minor <= currency.amount_minor_max:
        return amount
    most = decimal_text(currency.amount_minor_max, currency.exponent)
    return Rejection(
        ErrorCode.AMOUNT_TOO_LARGE, f"One operation moves at most {most} {currency.code}.", ("amount",)
    )


def _rate_missing(one: Currency, other: Currency) -> Rejection | None:
    if one.code == other.code:
        return None
    for currency in (one, other):
        if currency.rate is None:
            return Rejection(
                ErrorCode.RATE_MISSING, f"There is no rate for {currency.code} yet.", ("currency",)
            )
    return None


def _mismatch(asked: Amount, payer: Wallet | None, parts: Sequence[Part]) -> Rejection:
    wallets = [*([] if payer is None else [payer]), *(part.wallet for part in parts)]
    other = next(wallet.currency for wallet in wallets if wallet.currency != asked.currency.code)
    return Rejection(
        ErrorCode.CURRENCY_MISMATCH,
        f"A wallet is in {other}, not {asked.currency.code}, and nothing was to be converted.",
        ("currency",),
    )
