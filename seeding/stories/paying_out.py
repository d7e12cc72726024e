"""Withdrawals: accepted at once, paid by the bank in the morning; or called back, refused, or lost from sight."""

from datetime import timedelta
from uuid import UUID

from ledger.accounts import FROZEN, Wallet
from ledger.outcomes import Operation
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw
from seeding.life import Attempt, Life, Story, owner_of, recorded, token_of
from seeding.plan import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, milliseconds
from seeding.population import Company

_IS_CALLED_BACK = 0.05
_IS_REFUSED = 0.05
_HAS_NO_ANSWER = 0.08
_FAILS_AT_FIRST = 0.05
# The bank pays from this hour on.
_OPENS_MS = 6 * HOUR_MS
_ATTEMPT = timedelta(seconds=30)
_CLAIM = timedelta(seconds=35)
_KEEPS_FOR_REFUNDS = 10
_NOT_WORTH_IT_MINOR = 1000


def pay_out(life: Life, company: Company) -> Story:
    """A company has what it took in the week before paid out, and keeps some for refunds."""
    amount_minor = company.wallet.available - company.wallet.available // _KEEPS_FOR_REFUNDS
    if amount_minor >= _NOT_WORTH_IT_MINOR:
        yield from withdraw(life, company.wallet, amount_minor, "Weekly payout")


def cash_out(life: Life, client: int) -> Story:
    """A client takes some of the money out, now and then more than there is."""
    wallet = life.population.wallets[client]
    amount_minor = wallet.available // 2 if life.happens(0.95) else wallet.balance + 1
    if amount_minor:
        yield from withdraw(life, wallet, amount_minor)


def withdraw(life: Life, wallet: Wallet, amount_minor: int, summary: str = "To my bank") -> Story:
    """A withdrawal from its acceptance to its end."""
    outcome = yield Withdraw(
        account_id=owner_of(wallet),
        wallet=token_of(wallet),
        amount=life.amount(amount_minor, wallet.currency),
        currency=None,
        destination=_bank_account(wallet),
        summary=summary,
        idempotency_key=life.key("payout"),
    )
    if outcome.rejection is not None:
        return
    accepted = recorded(outcome)
    if life.happens(_IS_CALLED_BACK):
        yield life.between(MINUTE_MS, 10 * MINUTE_MS)
        yield CancelWithdrawal(accepted.account_id, accepted.id, life.earlier(accepted), life.key("cancel"))
        return
    yield _until_morning(milliseconds(life.now)) + life.between(0, HOUR_MS)
    while wallet.status == FROZEN:
        yield DAY_MS
    yield from _pay(life, accepted)


def _pay(life: Life, accepted: Operation) -> Story:
    _begin_attempt(life, accepted.id)
    yield life.between(100, 2 * SECOND_MS)
    if life.happens(_FAILS_AT_FIRST):
        _end_attempt(life, accepted.id, "FAILED: ACCOUNT_SERVICE_DOWN")
        _stand(life, accepted.id, "PENDING", timedelta(seconds=1))
        yield life.between(SECOND_MS, 2 * SECOND_MS)
        _begin_attempt(life, accepted.id)
        yield life.between(100, 2 * SECOND_MS)
    elif life.happens(_HAS_NO_ANSWER):
        life.attempts[accepted.id][-1].result = "NO_ANSWER"
        _stand(life, accepted.id, "UNKNOWN", timedelta(minutes=1))
        yield life.between(HOUR_MS, 6 * DAY_MS)
    is_paid = not life.happens(_IS_REFUSED)
    _end_attempt(life, accepted.id, "PAID" if is_paid else "REFUSED: ACCOUNT_CLOSED")
    attempts = len(life.attempts[accepted.id])
    yield SettleWithdrawal(accepted.account_id, life.earlier(accepted), is_paid, attempts)


def _begin_attempt(life: Life, withdrawal_id: UUID) -> None:
    made = life.attempts.setdefault(withdrawal_id, [])
    made.append(Attempt(len(made) + 1, life.now, life.later(_ATTEMPT)))
    _stand(life, withdrawal_id, "SENT", _CLAIM)


def _end_attempt(life: Life, withdrawal_id: UUID, result: str) -> None:
    attempt = life.attempts[withdrawal_id][-1]
    attempt.ended_at, attempt.result = life.now, result


def _stand(life: Life, withdrawal_id: UUID, state: str, due_in: timedelta) -> None:
    """How far the withdrawal has come with the bank, and when a worker looks at it again."""
    attempts = len(life.attempts[withdrawal_id])
    withdrawal = life.books.withdrawals[withdrawal_id]
    life.books.withdrawals[withdrawal_id] = withdrawal._replace(
        state=state, attempts=attempts, due_at=life.later(due_in)
    )


def _until_morning(now_ms: int) -> int:
    return (_OPENS_MS - now_ms) % DAY_MS


def _bank_account(wallet: Wallet) -> str:
    """Always the same one for the same wallet, and nobody's: no country has that code."""
    return f"XX00EXMP{wallet.id.int % 10**14:014}"
