"""What the ledger can be asked to do: one frozen value a request, complete and free of side effects."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from json import JSONEncoder
from typing import NamedTuple
from uuid import UUID

from ledger.asked import Asked, amount_asked, named, token_asked
from ledger.earlier import Earlier
from ledger.tokens import WalletToken
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw

SUMMARY_CHARACTERS_MAX = 255
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
SPLITS_MAX = 20

_write_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Split(NamedTuple):
    """A part of a charge for another wallet: an amount in the charge's currency, or a percentage of it."""

    into: WalletToken
    amount: str | None
    percentage: str | None


@dataclass(frozen=True, slots=True)
class Deposit:
    """`account_id` tops up its own wallet; from `available_at` on the money can be used, at once where None."""

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    summary: str
    idempotency_key: str | None = None
    available_at: datetime | None = None
    converts: bool = True

    def wallet_ids(self) -> Iterator[UUID]:
        yield self.wallet.wallet_id

    def anchor(self) -> UUID:
        return self.wallet.wallet_id

    def asked(self) -> Asked:
        later = named(
            conversion=None if self.converts else "FORBID",
            availableAt=None if self.available_at is None else self.available_at.isoformat(),
        )
        return (
            token_asked(self.wallet),
            amount_asked(self.amount),
            self.currency,
            self.summary,
            None,
            *later,
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """The company `account_id` takes money from `wallet`.

    The money goes to the wallet named by `into`; where nothing is named, to `usual_wallet_id`, which the
    caller looked up and which the decision holds to be the company's only one, or refuses. `splits` go to others.
    """

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    summary: str
    into: WalletToken | None = None
    usual_wallet_id: UUID | None = None
    idempotency_key: str | None = None
    splits: tuple[Split, ...] = ()
    converts: bool = True

    def wallet_ids(self) -> Iterator[UUID]:
        yield self.wallet.wallet_id
        yield from _payee_id(self)
        for split in self.splits:
            yield split.into.wallet_id

    def anchor(self) -> UUID:
        return self.usual_wallet_id or (self.into or self.wallet).wallet_id

    def asked(self) -> Asked:
        return (
            token_asked(self.wallet),
            amount_asked(self.amount),
            self.currency,
            self.summary,
            None if self.into is None else token_asked(self.into),
            *(() if self.converts and not self.splits else self._asked_later()),
        )

    def _asked_later(self) -> list[list[object]]:
        splits = [
            [token_asked(split.into), amount_asked(split.amount), amount_asked(split.percentage)]
            for split in self.splits
        ]
        return named(conversion=None if self.converts else "FORBID", splits=splits or None)


@dataclass(frozen=True, slots=True)
class Transfer:
    """`account_id` sends money from its own wallet to any other, named by its token or by its id."""

    account_id: UUID
    wallet: WalletToken
    to: WalletToken | UUID
    amount: str
    currency: str | None
    summary: str
    idempotency_key: str | None = None
    converts: bool = True

    @property
    def to_id(self) -> UUID:
        """The wallet to be credited, if it is there."""
        return self.to.wallet_id if isinstance(self.to, WalletToken) else self.to

    def wallet_ids(self) -> Iterator[UUID]:
        yield self.wallet.wallet_id
        yield self.to_id

    def anchor(self) -> UUID:
        return self.to_id

    def asked(self) -> Asked:
        to = token_asked(self.to) if isinstance(self.to, WalletToken) else self.to.hex
        later = named(conversion=None if self.converts else "FORBID")
        return (token_asked(self.wallet), to, amount_asked(self.amount), self.currency, self.summary, *later)


@dataclass(frozen=True, slots=True)
class Refund:
    """The company `account_id` gives back all or, where `amount` is not None, a part of what it charged."""

    account_id: UUID
    charge_id: UUID
    amount: str | None
    summary: str
    charge: Earlier | None
    idempotency_key: str | None = None

    def wallet_ids(self) -> Iterator[UUID]:
        return iter(()) if self.charge is None else self.charge.wallet_ids()

    def anchor(self) -> UUID:
        return _meeting_place(self.charge, self.charge_id)

    def asked(self) -> Asked:
        return (self.charge_id.hex, amount_asked(self.amount), self.summary)


@dataclass(frozen=True, slots=True)
class Authorize:
    """The company `account_id` sets money aside in `wallet` until `expires_at`; the wallets are those of a Charge."""

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    summary: str
    into: WalletToken | None = None
    usual_wallet_id: UUID | None = None
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    converts: bool = True

    def wallet_ids(self) -> Iterator[UUID]:
        yield self.wallet.wallet_id
        yield from _payee_id(self)

    def anchor(self) -> UUID:
        return self.usual_wallet_id or (self.into or self.wallet).wallet_id

    def asked(self) -> Asked:
        return (
            token_asked(self.wallet),
            amount_asked(self.amount),
            self.currency,
            self.summary,
            None if self.into is None else token_asked(self.into),
            None if self.expires_at is None else self.expires_at.isoformat(),
            *named(conversion=None if self.converts else "FORBID"),
        )


@dataclass(frozen=True, slots=True)
class Capture:
    """The company `account_id` takes what it authorized, all that is left or, where not None, `amount` of it.

    `is_final`: what is not captured is released.
    """

    account_id: UUID
    authorization_id: UUID
    amount: str | None
    summary: str
    authorization: Earlier | None
    is_final: bool = True
    idempotency_key: str | None = None

    def wallet_ids(self) -> Iterator[UUID]:
        return iter(()) if self.authorization is None else self.authorization.wallet_ids()

    def anchor(self) -> UUID:
        return _meeting_place(self.authorization, self.authorization_id)

    def asked(self) -> Asked:
        later = named(final=None if self.is_final else "false")
        return (self.authorization_id.hex, amount_asked(self.amount), self.summary, *later)


@dataclass(frozen=True, slots=True)
class Release:
    """The company `account_id` gives back what its authorization still holds."""

    account_id: UUID
    authorization_id: UUID
    authorization: Earlier | None
    idempotency_key: str | None = None
    summary: str = ""

    def wallet_ids(self) -> Iterator[UUID]:
        return iter(()) if self.authorization is None else self.authorization.wallet_ids()

    def anchor(self) -> UUID:
        return _meeting_place(self.authorization, self.authorization_id)

    def asked(self) -> Asked:
        return (self.authorization_id.hex,)


# What may be accepted now and carried out later.
Queueable = Deposit | Charge | Transfer


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Accepts a command, to be carried out by a worker in its turn: decided then, not now.

    `asked_in`: the span that it is asked for in, as a `traceparent`; None where nobody traces.
    """

    command: Queueable
    asked_in: str | None = None

    @property
    def account_id(self) -> UUID:
        return self.command.account_id

    @property
    def summary(self) -> str:
        return self.command.summary

    @property
    def idempotency_key(self) -> str | None:
        return self.command.idempotency_key

    def wallet_ids(self) -> Iterator[UUID]:
        return self.command.wallet_ids()

    def anchor(self) -> UUID:
        return self.command.wallet.wallet_id

    def asked(self) -> Asked:
        return (type(self.command).__name__, *self.command.asked())


class Accepted(NamedTuple):
    """What was queued, as it was told to whoever asked. `amount_minor` in minor units of `currency`."""

    id: UUID
    kind: str
    amount_minor: int
    currency: str
    source_id: UUID | None
    target_id: UUID | None
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Carries out what was accepted before, unless that was done already. `asked_in` as it was then."""

    accepted: Accepted
    command: Queueable
    asked_in: str | None = None
    idempotency_key: None = None

    @property
    def account_id(self) -> UUID:
        return self.command.account_id

    @property
    def summary(self) -> str:
        return self.command.summary

    def wallet_ids(self) -> Iterator[UUID]:
        yield from self.command.wallet_ids()
        # Its history tells of it even where a wallet's token is another one by now.
        if self.accepted.source_id is not None:
            yield self.accepted.source_id
        if self.accepted.target_id is not None:
            yield self.accepted.target_id

    def anchor(self) -> UUID:
        return self.command.anchor()

    def asked(self) -> Asked:
        return (self.accepted.id.hex,)


# Each says with `wallet_ids` which wallets' rows it needs, the system's own left out, and some perhaps twice; with
# `anchor` which of them it most likely shares with others that come at the same time, so that commands with the same
# one are best decided in one batch: many payers meet at one company.
Command = (
    Deposit
    | Charge
    | Transfer
    | Refund
    | Authorize
    | Capture
    | Release
    | Withdraw
    | CancelWithdrawal
    | SettleWithdrawal
    | Enqueue
    | CarryOut
)


def fingerprint(command: Command) -> bytes:
    """16 bytes that two requests share only when they ask for the same.

    Taken over what was asked, not over how it was looked up or written: "5" and "5.00" are one amount.
    """
    # JSON keeps the parts apart: no two lists of texts are written alike.
    return blake2b(_write_json((type(command).__name__, *command.asked())).encode(), digest_size=16).digest()


def _payee_id(command: Charge | Authorize) -> Iterator[UUID]:
    if command.into is not None:
        yield command.into.wallet_id
    elif command.usual_wallet_id is not None:
        yield command.usual_wallet_id


def _meeting_place(earlier: Earlier | None, otherwise: UUID) -> UUID:
    return otherwise if earlier is None or earlier.target_id is None else earlier.target_id
