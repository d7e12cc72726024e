"""What the ledger can be asked to do: one frozen value a request, complete and free of side effects."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from json import JSONEncoder
from uuid import UUID

from ledger.money import canonical
from ledger.tokens import WalletToken

SUMMARY_CHARACTERS_MAX = 255
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255

_write_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Deposit:
    """`account_id` tops up its own wallet."""

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    summary: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """The company `account_id` takes money from `wallet`.

    The money goes to the wallet named by `into`; where nothing is named, to `usual_wallet_id`, which the
    caller looked up and which the decision holds to be the company's only one, or refuses.
    """

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    summary: str
    into: WalletToken | None = None
    usual_wallet_id: UUID | None = None
    idempotency_key: str | None = None


Command = Deposit | Charge


def wallet_ids(command: Command) -> Iterator[UUID]:
    """The wallets whose rows the command needs, the system's own left out."""
    yield command.wallet.wallet_id
    if isinstance(command, Charge):
        if command.into is not None:
            yield command.into.wallet_id
        elif command.usual_wallet_id is not None:
            yield command.usual_wallet_id


def anchor(command: Command) -> UUID:
    """The wallet that the command most likely shares with others that come at the same time.

    Many payers meet at one company; so commands with the same anchor are best decided in one batch.
    """
    if isinstance(command, Charge):
        return command.usual_wallet_id or (command.into or command.wallet).wallet_id
    return command.wallet.wallet_id


def fingerprint(command: Command) -> bytes:
    """16 bytes that two requests share only when they ask for the same.

    Taken over what was asked, not over how it was looked up or written: "5" and "5.00" are one amount.
    """
    into = command.into if isinstance(command, Charge) else None
    asked = (
        type(command).__name__,
        _token_text(command.wallet),
        canonical(command.amount),
        command.currency,
        command.summary,
        None if into is None else _token_text(into),
    )
    # JSON keeps the parts apart: no two lists of texts are written alike.
    return blake2b(_write_json(asked).encode(), digest_size=16).digest()


def _token_text(token: WalletToken) -> str:
    return token.wallet_id.hex + token.secret.hex()
