"""The ledger's books as the writer holds them while it decides: locked rows, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from ledger.accounts import Wallet
from ledger.money import Currency
from ledger.tokens import WalletToken

Currencies = Mapping[str, Currency]

OUTSIDE: Final = "OUTSIDE"
EXCHANGE: Final = "EXCHANGE"
# A kind of the system's own wallets, and a currency.
SystemAccount = tuple[str, str]

OPEN: Final = "OPEN"
CAPTURED: Final = "CAPTURED"
RELEASED: Final = "RELEASED"
ENDED: Final = "ENDED"


class Reservation(NamedTuple):
    """What an operation set aside in a wallet until `ends_at`: held for an AUTHORIZATION, pending for a DEPOSIT.

    Held for a WITHDRAWAL as well, whose end nobody knows: there `ends_at` is None.

    `asked_minor`, `captured_minor` and `refunded_minor` are in the currency asked for. In the wallet's, `debit_minor`
    was set aside and `remaining_minor` still is; all of it would bring `credit_minor` to the wallet that it is for.

    What has moved depends on what is captured and not refunded, and on nothing else: rounded up where it left and
    down where it arrived, over the authorization as a whole. So nobody gains by the order or the size of the steps.
    """

    operation_id: UUID
    kind: str
    wallet_id: UUID
    account_id: UUID
    state: str
    asked_minor: int
    captured_minor: int
    refunded_minor: int
    remaining_minor: int
    debit_minor: int
    credit_minor: int
    ends_at: datetime | None

    @property
    def debited_minor(self) -> int:
        """What has left the wallet and did not come back, in its currency."""
        return self.debit_of(self.captured_minor - self.refunded_minor)

    @property
    def credited_minor(self) -> int:
        """What has reached the other wallet and was not given back, in that one's currency."""
        return self.credit_minor * (self.captured_minor - self.refunded_minor) // self.asked_minor

    def capture(self, amount_minor: int, *, is_last: bool) -> "Reservation":
        """After that much more was captured."""
        state = CAPTURED if is_last else OPEN
        return _holding(self._replace(state=state, captured_minor=self.captured_minor + amount_minor))

    def refund(self, amount_minor: int) -> "Reservation":
        """After that much of what was captured was given back; it can't be captured once more."""
        return _holding(self._replace(refunded_minor=self.refunded_minor + amount_minor))

    def debit_of(self, amount_minor: int) -> int:
        """What that much of what was asked for costs, in the wallet's currency."""
        return -(-self.debit_minor * amount_minor // self.asked_minor)


def _holding(reservation: Reservation) -> Reservation:
    """With as much set aside as all that can still be captured would cost."""
    if reservation.state != OPEN:
        return reservation._replace(remaining_minor=0)
    most_minor = reservation.debit_of(reservation.asked_minor - reservation.refunded_minor)
    return reservation._replace(remaining_minor=most_minor - reservation.debited_minor)


class Share(NamedTuple):
    """Who gave (number 0) or got what in a charge, and how much of it went back since.

    `amount_minor` and `refunded_minor` are in the currency of the charge, `moved_minor` and `returned_minor` in the
    wallet's.
    """

    operation_id: UUID
    number: int
    wallet_id: UUID
    amount_minor: int
    moved_minor: int
    refunded_minor: int = 0
    returned_minor: int = 0


class Withdrawal(NamedTuple):
    """How far a withdrawal has come with the bank. A worker looks at it next at `due_at`, None once it has ended."""

    operation_id: UUID
    wallet_id: UUID
    account_id: UUID
    destination: str
    state: str
    attempts: int
    due_at: datetime | None


@dataclass(slots=True)
class Books:
    """All that the commands of one batch may need, as it stands at `instant`.

    `wallets` has the holders' wallets that exist; `system` enough of the system's own for whatever may be posted, the
    one in use first; `reservations` those that are named or that are over by now; `shares` those of the
    charges that are named; `usual_ids` the only wallets of companies that were remembered with another one;
    `withdrawals` those that are named; `queued_ids` what is named and still waits to be carried out.
    """

    currencies: Currencies
    instant: datetime
    wallets: dict[UUID, Wallet] = field(default_factory=dict)
    system: Mapping[SystemAccount, Sequence[Wallet]] = field(default_factory=dict)
    reservations: dict[UUID, Reservation] = field(default_factory=dict)
    shares: dict[UUID, tuple[Share, ...]] = field(default_factory=dict)
    usual_ids: Mapping[UUID, UUID] = field(default_factory=dict)
    withdrawals: dict[UUID, Withdrawal] = field(default_factory=dict)
    queued_ids: set[UUID] = field(default_factory=set)

    def opened(self, token: WalletToken) -> Wallet | None:
        """The wallet that the token opens."""
        wallet = self.wallets.get(token.wallet_id)
        if wallet is None or wallet.token_secret is None or not token.opens(wallet.token_secret):
            return None
        return wallet

    def owned(self, token: WalletToken, account_id: UUID) -> Wallet | None:
        """The wallet that it opens, if it is the caller's: another's is answered as one that does not exist."""
        wallet = self.opened(token)
        return None if wallet is None or wallet.owner_id != account_id else wallet

    def system_wallet(self, kind: str, code: str, amount_minor: int) -> Wallet:
        """The system's wallet that can take that much, in either direction."""
        return next(wallet for wallet in self.system[kind, code] if wallet.can_take(amount_minor))
