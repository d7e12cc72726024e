"""What becomes of a command: pure functions of the command and the wallets as they stand.

Checks come in one order (amount above zero, currency known, amount within its limits, wallets known, their
currencies, not the same owner, wallet status, funds, room for the balance), so that a request with several
faults is always refused for the same one. A refusal is a value. Deciding changes nothing; `post` applies a
decision to the wallets in memory and must then succeed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ledger.accounts import CLOSED, FROZEN, Wallet, Wallets
from ledger.commands import Charge, Command, Deposit
from ledger.money import Currency, decimal_text, is_zero, minor_units
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken

Currencies = Mapping[str, Currency]
# The outside world's wallets by currency, the one in use first.
Outside = Mapping[str, Sequence[Wallet]]


class Posting(NamedTuple):
    """A wallet and what is added to its balance, in minor units of its currency."""

    wallet: Wallet
    amount_minor: int


class Decision(NamedTuple):
    """An operation that is to be recorded.

    Without `rejection` it moves money: `postings` sum to zero in each currency. With it nothing moves, and
    the postings are of zero, one for each wallet whose history tells of the refusal.
    """

    kind: str
    amount_minor: int
    currency: str
    source: Wallet | None
    target: Wallet | None
    postings: tuple[Posting, ...]
    rejection: Rejection | None = None


def outside_currency(command: Command, wallets: Wallets) -> str | None:
    """The currency of the outside world's wallet that the command needs, or None when it needs none."""
    # Only for a deposit that may come about: the wait for that wallet would tell another's from none.
    wallet = _own(command, wallets) if isinstance(command, Deposit) else None
    return None if wallet is None else wallet.currency


def decide(
    command: Command, wallets: Wallets, outside: Outside, currencies: Currencies
) -> Decision | Rejection:
    """What becomes of the command: an operation to record, or a refusal that names too little for that.

    `wallets` must hold every existing wallet of `commands.wallet_ids(command)`, and `outside` enough of the
    outside world's wallets in the currency that `outside_currency` names.
    """
    if isinstance(command, Deposit):
        return _decide_deposit(command, wallets, outside, currencies)
    return _decide_charge(command, wallets, currencies)


def post(decision: Decision) -> None:
    """Applies a decision to the wallets in memory: balances move, and each entry takes its sequence number."""
    for wallet, amount_minor in decision.postings:
        wallet.balance += amount_minor
        wallet.sequence += 1


def _decide_deposit(
    command: Deposit, wallets: Wallets, outside: Outside, currencies: Currencies
) -> Decision | Rejection:
    wallet = _own(command, wallets)
    amount_minor = _amount(command, wallet, currencies)
    if isinstance(amount_minor, Rejection):
        return amount_minor
    if wallet is None:
        return _not_found("wallet")
    rejection = (
        _other_currency(command, wallet)
        or _may_not_receive(wallet, "wallet")
        or _no_room(wallet, amount_minor)
    )
    postings: tuple[Posting, ...] = (Posting(wallet, 0),)
    if rejection is None:
        world = next(world for world in outside[wallet.currency] if world.can_take(-amount_minor))
        postings = (Posting(world, -amount_minor), Posting(wallet, amount_minor))
    return Decision(
        "DEPOSIT", amount_minor, command.currency or wallet.currency, None, wallet, postings, rejection
    )


def _decide_charge(command: Charge, wallets: Wallets, currencies: Currencies) -> Decision | Rejection:
    payer = _opened(command.wallet, wallets)
    amount_minor = _amount(command, payer, currencies)
    if isinstance(amount_minor, Rejection):
        return amount_minor
    if payer is None:
        return _not_found("wallet")
    payee = _payee(command, wallets)
    if isinstance(payee, Rejection):
        if payee.code is not ErrorCode.WALLET_REQUIRED:
            return payee
        # Nothing was named that is not there: the payer's history tells of it, with no other side.
        code = command.currency or payer.currency
        return Decision("CHARGE", amount_minor, code, payer, None, (Posting(payer, 0),), payee)
    rejection = (
        _other_currency(command, payer)
        or _other_payee_currency(payer, payee)
        or _same_owner(payer, payee)
        or _may_not_pay(payer, "wallet")
        or _may_not_receive(payee, "into")
        or _too_little(payer, amount_minor)
        or _no_room(payee, amount_minor)
    )
    if rejection is None:
        postings: tuple[Posting, ...] = (Posting(payer, -amount_minor), Posting(payee, amount_minor))
    elif payer is payee:
        postings = (Posting(payer, 0),)
    else:
        postings = (Posting(payer, 0), Posting(payee, 0))
    return Decision(
        "CHARGE", amount_minor, command.currency or payer.currency, payer, payee, postings, rejection
    )


def _opened(token: WalletToken, wallets: Wallets) -> Wallet | None:
    wallet = wallets.get(token.wallet_id)
    if wallet is None or wallet.token_secret is None or not token.opens(wallet.token_secret):
        return None
    return wallet


def _own(command: Deposit, wallets: Wallets) -> Wallet | None:
    """The wallet, if it is the caller's: another's is answered exactly as one that does not exist."""
    wallet = _opened(command.wallet, wallets)
    return None if wallet is None or wallet.owner_id != command.account_id else wallet


def _payee(command: Charge, wallets: Wallets) -> Wallet | Rejection:
    """The company's own wallet: the one it named, or its only one."""
    if command.into is not None:
        named = _opened(command.into, wallets)
        if named is None or named.owner_id != command.account_id:
            return _not_found("into")
        return named
    usual = None if command.usual_wallet_id is None else wallets.get(command.usual_wallet_id)
    if usual is None or usual.owner_id != command.account_id or not usual.only_one:
        return Rejection(
            ErrorCode.WALLET_REQUIRED,
            "Create a wallet first, or say with `into` which of your wallets is credited.",
            ("into",),
        )
    return usual


def _amount(command: Command, wallet: Wallet | None, currencies: Currencies) -> int | Rejection:
    """The amount in minor units of the currency asked for, or of the wallet's where none is."""
    if is_zero(command.amount):
        return Rejection(ErrorCode.AMOUNT_NOT_POSITIVE, "The amount must be greater than zero.", ("amount",))
    code = command.currency or (wallet.currency if wallet is not None else None)
    if code is None:
        return _not_found("wallet")
    currency = currencies.get(code)
    if currency is None:
        return Rejection(ErrorCode.CURRENCY_UNKNOWN, f"There is no currency {code} here.", ("currency",))
    amount_minor = minor_units(command.amount, currency.exponent)
    if amount_minor is None:
        return Rejection(
            ErrorCode.AMOUNT_TOO_PRECISE,
            f"An amount of {code} has at most {currency.exponent} decimals; nothing is rounded.",
            ("amount",),
        )
    if amount_minor > currency.amount_minor_max:
        most = decimal_text(currency.amount_minor_max, currency.exponent)
        return Rejection(
            ErrorCode.AMOUNT_TOO_LARGE, f"One operation moves at most {most} {code}.", ("amount",)
        )
    return amount_minor


def _not_found(field: str) -> Rejection:
    return Rejection(ErrorCode.WALLET_NOT_FOUND, "There is no such wallet.", (field,))


def _other_currency(command: Command, wallet: Wallet) -> Rejection | None:
    if command.currency is None or command.currency == wallet.currency:
        return None
    return Rejection(
        ErrorCode.CURRENCY_MISMATCH,
        f"The wallet is in {wallet.currency}, not {command.currency}.",
        ("currency",),
    )


def _other_payee_currency(payer: Wallet, payee: Wallet) -> Rejection | None:
    if payer.currency == payee.currency:
        return None
    return Rejection(
        ErrorCode.CURRENCY_MISMATCH,
        f"The wallet charged is in {payer.currency}, the wallet credited in {payee.currency}.",
        ("wallet",),
    )


def _same_owner(payer: Wallet, payee: Wallet) -> Rejection | None:
    if payer.owner_id != payee.owner_id:
        return None
    return Rejection(ErrorCode.SAME_WALLET, "A company can't charge a wallet of its own.", ("wallet",))


def _may_not_pay(wallet: Wallet, field: str) -> Rejection | None:
    if wallet.status == FROZEN:
        return Rejection(ErrorCode.WALLET_FROZEN, "The wallet is frozen: it can receive, not pay.", (field,))
    return _may_not_receive(wallet, field)


def _may_not_receive(wallet: Wallet, field: str) -> Rejection | None:
    if wallet.status == CLOSED:
        return Rejection(ErrorCode.WALLET_CLOSED, "The wallet is closed.", (field,))
    return None


def _too_little(wallet: Wallet, amount_minor: int) -> Rejection | None:
    if wallet.available >= amount_minor:
        return None
    # The balance itself is the owner's to know, not the company's.
    return Rejection(
        ErrorCode.INSUFFICIENT_FUNDS, "The wallet has less available than this amount.", ("amount",)
    )


def _no_room(wallet: Wallet, amount_minor: int) -> Rejection | None:
    if wallet.can_take(amount_minor):
        return None
    return Rejection(ErrorCode.AMOUNT_TOO_LARGE, "The balance would be larger than can be kept.", ("amount",))
