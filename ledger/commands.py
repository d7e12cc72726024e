"""What the ledger can be asked to do: one frozen value a request, complete and free of side effects."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from ledger.money import canonical
from ledger.tokens import WalletToken

SUMMARY_CHARACTERS_MAX = 255
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255


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


def fingerprint(command: Command) -> bytes:
    """16 bytes that two requests share only when they ask for the same.

    Taken over what was asked, not over how it was looked up or written: "5" and "5.00" are one amount.
    """
    asked: list[str | bytes | None] = [
        type(command).__name__,
        _token_bytes(command.wallet),
        canonical(command.amount),
        command.currency,
        command.summary,
    ]
    if isinstance(command, Charge) and command.into is not None:
        asked.append(_token_bytes(command.into))
    digest = blake2b(digest_size=16)
    for part in asked:
        # Each part with its length before it, so that no two lists run together to the same bytes.
        raw = b"\xff" if part is None else part if isinstance(part, bytes) else part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.digest()


def _token_bytes(token: WalletToken) -> bytes:
    return token.wallet_id.bytes + token.secret
