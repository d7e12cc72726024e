"""Sharing a charge out among several wallets."""

from collections.abc import Sequence
from fractions import Fraction

from ledger.accounts import Wallet
from ledger.books import Books
from ledger.commands import Split
from ledger.decisions.checks import Amount, not_found, read_amount
from ledger.decisions.legs import Part
from ledger.rejections import ErrorCode, Rejection
from ledger.splitting import apportion


def share_out(asked: Amount, payee: Wallet, splits: Sequence[Split], books: Books) -> list[Part] | Rejection:
    """The company's part, which is what is not split, and then those of the splits, in their order.

    Percentages are of the whole charge. The parts make up the amount to the last unit.
    """
    if not splits:
        return [Part(payee, asked.minor)]
    wallets: list[Wallet] = []
    quotas: list[Fraction] = []
    for index, split in enumerate(splits):
        at = ("splits", str(index))
        quota = _quota(split, asked, books, at)
        if isinstance(quota, Rejection):
            return quota
        wallet = books.opened(split.into)
        if wallet is None:
            return not_found(*at, "into")
        if wallet is payee or wallet in wallets:
            message = "Each wallet gets one part, and the company's own what is not split."
            return Rejection(ErrorCode.INVALID, message, (*at, "into"))
        wallets.append(wallet)
        quotas.append(quota)
    rest = asked.minor - sum(quotas)
    if rest < 0:
        return Rejection(ErrorCode.INVALID, "The splits are more than the charge.", ("splits",))
    # Last, so that a unit that could go to either goes to the one that was promised a percentage.
    *shares, kept = apportion([*quotas, Fraction(rest)])
    return [Part(payee, kept), *map(Part, wallets, shares)]


def _quota(split: Split, asked: Amount, books: Books, at: tuple[str, ...]) -> Fraction | Rejection:
    if (split.amount is None) == (split.percentage is None):
        message = "A part is an amount or a percentage, one of the two."
        return Rejection(ErrorCode.INVALID, message, at)
    if split.amount is not None:
        amount = read_amount(split.amount, asked.currency.code, None, books, (*at, "amount"))
        return amount if isinstance(amount, Rejection) else Fraction(amount.minor)
    percentage = Fraction(split.percentage or 0)
    if not 0 < percentage <= 100:
        message = "A percentage is above 0 and at most 100."
        return Rejection(ErrorCode.INVALID, message, (*at, "percentage"))
    return asked.minor * percentage / 100
