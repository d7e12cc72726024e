"""Owners with wallets, and the commands that tests give for them."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from ledger.commands import Charge, Deposit
from ledger.outcomes import WalletView
from ledger.service import Ledger
from ledger.tokens import WalletToken
from ledger.wallets import NewWallet


@dataclass(frozen=True, slots=True)
class Holder:
    """An account that owns one wallet."""

    account_id: UUID
    wallet: WalletToken

    def deposit(self, amount: str, *, key: str | None = None) -> Deposit:
        return Deposit(self.account_id, self.wallet, amount, None, "", key)

    def charge(self, payer: "Holder", amount: str, *, key: str | None = None) -> Charge:
        """This holder takes money from `payer`."""
        return Charge(
            self.account_id,
            payer.wallet,
            amount,
            None,
            "A coffee",
            usual_wallet_id=self.wallet.wallet_id,
            idempotency_key=key,
        )


async def open_holder(ledger: Ledger, amount: str | None = None, *, currency: str = "USD") -> Holder:
    """A new account with one wallet, which has `amount` in it."""
    account_id = uuid4()
    view = await ledger.create_wallet(NewWallet(account_id, currency), wallets_max=0)
    assert isinstance(view, WalletView)
    holder = Holder(account_id, WalletToken(view.id, view.token_secret))
    if amount is not None:
        assert (await ledger.submit(holder.deposit(amount))).rejection is None
    return holder
