"""What the ledger can be asked about withdrawals: to begin one, to call it back, and to post what the bank said."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from ledger.asked import Asked, amount_asked, token_asked
from ledger.earlier import Earlier
from ledger.tokens import WalletToken

DESTINATION_CHARACTERS_MAX = 140


@dataclass(frozen=True, slots=True)
class Withdraw:
    """`account_id` sends money from its own wallet to the bank account `destination`: held now, paid out later."""

    account_id: UUID
    wallet: WalletToken
    amount: str
    currency: str | None
    destination: str
    summary: str
    idempotency_key: str | None = None

    def wallet_ids(self) -> Iterator[UUID]:
        yield self.wallet.wallet_id

    def anchor(self) -> UUID:
        return self.wallet.wallet_id

    def asked(self) -> Asked:
        return (
            token_asked(self.wallet),
            amount_asked(self.amount),
            self.currency,
            self.destination,
            self.summary,
        )


@dataclass(frozen=True, slots=True)
class CancelWithdrawal:
    """`account_id` calls its own withdrawal back, before the bank is asked."""

    account_id: UUID
    withdrawal_id: UUID
    withdrawal: Earlier | None
    idempotency_key: str | None = None

    @property
    def summary(self) -> str:
        return "" if self.withdrawal is None else self.withdrawal.summary

    def wallet_ids(self) -> Iterator[UUID]:
        return iter(()) if self.withdrawal is None else self.withdrawal.wallet_ids()

    def anchor(self) -> UUID:
        return self.withdrawal_id

    def asked(self) -> Asked:
        return (self.withdrawal_id.hex,)


@dataclass(frozen=True, slots=True)
class SettleWithdrawal:
    """The bank has certainly paid a withdrawal, or it certainly did not and is not asked any more.

    That it did not is known of so many `attempts`, None being all that there ever will be.
    """

    account_id: UUID
    withdrawal: Earlier
    is_paid: bool
    attempts: int | None = None
    idempotency_key: None = None

    @property
    def summary(self) -> str:
        return self.withdrawal.summary

    def wallet_ids(self) -> Iterator[UUID]:
        return self.withdrawal.wallet_ids()

    def anchor(self) -> UUID:
        return self.withdrawal.id

    def asked(self) -> Asked:
        return (self.withdrawal.id.hex, self.is_paid)
