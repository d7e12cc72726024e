"""Refusals that are recorded: an operation of which histories tell, and that moves nothing."""

from ledger.accounts import Wallet
from ledger.decisions.checks import Amount
from ledger.decisions.decision import Decision, Posting
from ledger.rejections import ErrorCode, Rejection


def without_payee(kind: str, asked: Amount, payer: Wallet, payee: Rejection) -> Decision | Rejection:
    """The refusal for want of a wallet to be credited."""
    if payee.code is not ErrorCode.WALLET_REQUIRED:
        return payee
    # Nothing was named that is not there: the payer's history tells of it, with no other side.
    return Decision(kind, asked.minor, asked.currency.code, payer, None, (Posting(payer, 0),), payee)


def refused(
    kind: str, asked: Amount, source: Wallet, target: Wallet, rejection: Rejection | None
) -> Decision:
    """A refusal that stands in both histories."""
    sides = (source,) if source is target else (source, target)
    postings = tuple(Posting(wallet, 0) for wallet in sides)
    return Decision(kind, asked.minor, asked.currency.code, source, target, postings, rejection)
