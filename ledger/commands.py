"""What the ledger can be asked to do: one frozen value a request, complete and free of side effects."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from json import JSONEncoder
from typing import NamedTuple
from uuid import UUID

from ledger.money import canonical
from ledger.tokens import WalletToken

SUMMARY_CHARACTERS_MAX = 255
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
SPLITS_MAX = 20

_write_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# What a request asked for, as parts that JSON can write. What was added to a command in a later release comes
# last, by name, and only where it is not at its default: keys outlive releases (docs/adr/0004).
Asked = tuple[object, ...]


class Split(NamedTuple):
    """A part of a charge for another wallet: an amount in the charge's currency, or a percentage of it."""

    into: WalletToken
    amount: str | None
    percentage: str | None


class Earlier(NamedTuple):
    """An operation that a command goes back to, as the caller looked it up: final, so it never changes.

    Amounts in minor units, `amount_minor` of `currency`, the others of the two wallets' currencies. `parties` are
    the accounts that may know of it; `share_wallet_ids` the wallets of a charge that was split or refunded;
    `most_minor` is no less than what it moved in any currency; `origin_id` the operation that it goes back to itself.
    """

    id: UUID
    kind: str
    status: str
    account_id: UUID
    source_id: UUID | None
    target_id: UUID | None
    amount_minor: int
    currency: str
    debited_minor: int | None
    credited_minor: int | None
    rate: str | None
    parties: frozenset[UUID]
    share_wallet_ids: tuple[UUID, ...]
    most_minor: int
    origin_id: UUID | None = None

    def wallet_ids(self) -> Iterator[UUID]:
        """The wallets that it moved money between; some may come twice."""
        if self.source_id is not None:
            yield self.source_id
        if self.target_id is not None:
            yield self.target_id
        yield from self.share_wallet_ids


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
        later = _named(
            conversion=None if self.converts else "FORBID",
            availableAt=None if self.available_at is None else self.available_at.isoformat(),
        )
        return (
            _text(self.wallet),
            canonical(self.amount),
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
            _text(self.wallet),
            canonical(self.amount),
            self.currency,
            self.summary,
            None if self.into is None else _text(self.into),
            *(() if self.converts and not self.splits else self._asked_later()),
        )

    def _asked_later(self) -> list[list[object]]:
        splits = [
            [_text(split.into), _canonical(split.amount), _canonical(split.percentage)]
            for split in self.splits
        ]
        return _named(conversion=None if self.converts else "FORBID", splits=splits or None)


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
        to = _text(self.to) if isinstance(self.to, WalletToken) else self.to.hex
        later = _named(conversion=None if self.converts else "FORBID")
        return (_text(self.wallet), to, canonical(self.amount), self.currency, self.summary, *later)


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
        return (self.charge_id.hex, _canonical(self.amount), self.summary)


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
            _text(self.wallet),
            canonical(self.amount),
            self.currency,
            self.summary,
            None if self.into is None else _text(self.into),
            None if self.expires_at is None else self.expires_at.isoformat(),
            *_named(conversion=None if self.converts else "FORBID"),
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
        later = _named(final=None if self.is_final else "false")
        return (self.authorization_id.hex, _canonical(self.amount), self.summary, *later)


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


# Each says with `wallet_ids` which wallets' rows it needs, the system's own left out, and some perhaps twice; with
# `anchor` which of them it most likely shares with others that come at the same time, so that commands with the same
# one are best decided in one batch: many payers meet at one company.
Command = Deposit | Charge | Transfer | Refund | Authorize | Capture | Release


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


def _named(**parts: object) -> list[list[object]]:
    return [[name, part] for name, part in parts.items() if part is not None]


def _canonical(amount: str | None) -> str | None:
    return None if amount is None else canonical(amount)


def _text(token: WalletToken) -> str:
    return token.wallet_id.hex + token.secret.hex()
