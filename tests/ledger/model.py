"""The ledger in integers and dictionaries: what each command must come to, told without a database.

Written from the contract, not from the code under test: amounts come as minor units beside their text, and
the checks stand in the order that the product promises.
"""

from dataclasses import dataclass, field
from typing import Literal

from ledger.rejections import ErrorCode

# Decimals of the currencies the model knows, and the largest amount of one operation in minor units.
EXPONENTS = {"USD": 2, "JPY": 0, "BTC": 8}
AMOUNT_MINOR_MAX = {code: 10 ** (9 + exponent) - 1 for code, exponent in EXPONENTS.items()}


@dataclass(slots=True)
class ModelWallet:
    """A wallet; `name` is its number in the model."""

    name: int
    owner: int
    currency: str
    only_one: bool
    status: Literal["ACTIVE", "FROZEN", "CLOSED"] = "ACTIVE"
    balance: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A deposit into `wallet` or a charge of it, by `account`; a wallet is None where the token opens nothing."""

    kind: Literal["DEPOSIT", "CHARGE"]
    account: int
    wallet: int | None
    # How the wallet was named: two tokens that open nothing are still two different requests.
    wallet_token: object
    amount: str
    currency: str | None = None
    into: int | None = None
    into_token: object = None
    usual: int | None = None
    key: str | None = None
    summary: str = ""

    @property
    def request(self) -> tuple[object, ...]:
        """What two requests with one key must have in common; how the usual wallet was found is no part."""
        value = self.amount.lstrip("0")
        if "." in value:
            value = value.rstrip("0").rstrip(".")
        return (self.kind, self.wallet_token, value, self.currency, self.into_token, self.summary)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an account is to be answered; the caller's wallet as (name, balance) right after, or None."""

    code: ErrorCode | None
    recorded: bool
    wallet: tuple[int, int] | None
    replayed_request: int | None = None


@dataclass(slots=True)
class Model:
    """All wallets and keys of one test."""

    wallets: list[ModelWallet] = field(default_factory=list)
    # (account, key) -> the first request with it, what it was answered, and its number.
    keys: dict[tuple[int, str], tuple[Asked, Expected, int]] = field(default_factory=dict)
    asked_count: int = 0

    def open_wallet(self, owner: int, currency: str) -> ModelWallet:
        siblings = [wallet for wallet in self.wallets if wallet.owner == owner]
        is_only_one = all(wallet.status == "CLOSED" for wallet in siblings)
        if not is_only_one:
            for wallet in siblings:
                wallet.only_one = False
        wallet = ModelWallet(len(self.wallets), owner, currency, is_only_one)
        self.wallets.append(wallet)
        return wallet

    def ask(self, asked: Asked) -> Expected:
        """What the ledger must answer, and the model changed accordingly."""
        number, self.asked_count = self.asked_count, self.asked_count + 1
        if asked.key is None:
            return self._execute(asked)
        first = self.keys.get((asked.account, asked.key))
        if first is None:
            expected = self._execute(asked)
            self.keys[asked.account, asked.key] = (asked, expected, number)
            return expected
        first_asked, first_expected, first_number = first
        if first_asked.request != asked.request:
            return Expected(ErrorCode.IDEMPOTENCY_CONFLICT, recorded=False, wallet=None)
        wallet = None
        if first_expected.wallet is not None:
            name = first_expected.wallet[0]
            wallet = (name, self.wallets[name].balance)
        return Expected(first_expected.code, first_expected.recorded, wallet, replayed_request=first_number)

    def _execute(self, asked: Asked) -> Expected:
        named = None if asked.wallet is None else self.wallets[asked.wallet]
        if asked.kind == "DEPOSIT" and named is not None and named.owner != asked.account:
            named = None
        checked = _amount_minor(asked, named)
        if isinstance(checked, ErrorCode):
            return Expected(checked, recorded=False, wallet=None)
        if named is None:
            return Expected(ErrorCode.WALLET_NOT_FOUND, recorded=False, wallet=None)
        if asked.kind == "DEPOSIT":
            return self._move(None, named, checked, _deposit_refusal(asked, named))
        payee = self._payee(asked)
        if payee is ErrorCode.WALLET_REQUIRED:
            named.sequence += 1
            wallet = (named.name, named.balance) if named.owner == asked.account else None
            return Expected(payee, recorded=True, wallet=wallet)
        if isinstance(payee, ErrorCode):
            return Expected(payee, recorded=False, wallet=None)
        return self._move(named, payee, checked, _charge_refusal(asked, named, payee, checked))

    def _payee(self, asked: Asked) -> ModelWallet | ErrorCode:
        if asked.into_token is not None:
            if asked.into is None or self.wallets[asked.into].owner != asked.account:
                return ErrorCode.WALLET_NOT_FOUND
            return self.wallets[asked.into]
        usual = None if asked.usual is None else self.wallets[asked.usual]
        if usual is None or usual.owner != asked.account or not usual.only_one:
            return ErrorCode.WALLET_REQUIRED
        return usual

    def _move(
        self,
        payer: ModelWallet | None,
        payee: ModelWallet,
        amount_minor: int,
        refusal: ErrorCode | None,
    ) -> Expected:
        for wallet, change in ((payer, -amount_minor), (payee, amount_minor)):
            if wallet is None or (wallet is payee and wallet is payer and change > 0):
                continue
            wallet.sequence += 1
            if refusal is None:
                wallet.balance += change
        return Expected(refusal, recorded=True, wallet=(payee.name, payee.balance))


def _amount_minor(asked: Asked, named: ModelWallet | None) -> int | ErrorCode:
    if float(asked.amount) == 0:
        return ErrorCode.AMOUNT_NOT_POSITIVE
    currency = asked.currency or (None if named is None else named.currency)
    if currency is None:
        return ErrorCode.WALLET_NOT_FOUND
    if currency not in EXPONENTS:
        return ErrorCode.CURRENCY_UNKNOWN
    whole, _, decimals = asked.amount.partition(".")
    if len(decimals) > EXPONENTS[currency]:
        return ErrorCode.AMOUNT_TOO_PRECISE
    amount_minor = int(whole) * 10 ** EXPONENTS[currency]
    if decimals:
        amount_minor += int(decimals) * 10 ** (EXPONENTS[currency] - len(decimals))
    return ErrorCode.AMOUNT_TOO_LARGE if amount_minor > AMOUNT_MINOR_MAX[currency] else amount_minor


def _deposit_refusal(asked: Asked, wallet: ModelWallet) -> ErrorCode | None:
    if asked.currency not in (None, wallet.currency):
        return ErrorCode.CURRENCY_MISMATCH
    return ErrorCode.WALLET_CLOSED if wallet.status == "CLOSED" else None


def _charge_refusal(
    asked: Asked, payer: ModelWallet, payee: ModelWallet, amount_minor: int
) -> ErrorCode | None:
    if asked.currency not in (None, payer.currency) or payer.currency != payee.currency:
        return ErrorCode.CURRENCY_MISMATCH
    if payer is payee:
        return ErrorCode.SAME_WALLET
    if payer.status == "FROZEN":
        return ErrorCode.WALLET_FROZEN
    if "CLOSED" in (payer.status, payee.status):
        return ErrorCode.WALLET_CLOSED
    return ErrorCode.INSUFFICIENT_FUNDS if payer.balance < amount_minor else None
