"""What is borrowed: money is set aside first, and taken when the thing comes back."""

from ledger.accounts import Wallet
from ledger.commands import Authorize, Capture, Refund, Release
from ledger.decisions.authorization import USUAL_TERM
from ledger.outcomes import Operation
from seeding.life import Life, Story, recorded, token_of
from seeding.plan import DAY_MS, HOUR_MS, MINUTE_MS, milliseconds
from seeding.population import Company

_IS_CALLED_OFF = 0.12
_IS_FORGOTTEN = 0.08
_IS_TAKEN_IN_PARTS = 0.15
_GETS_SOME_BACK = 0.05


def borrow(life: Life, wallet: Wallet, company: Company, what: str, price_minor: int) -> Story:
    """The price is set aside. Then most of it is taken, all is released, or nobody thinks of it again."""
    outcome = yield Authorize(
        account_id=company.account_id,
        wallet=token_of(wallet),
        amount=life.amount(price_minor, company.wallet.currency),
        currency=company.wallet.currency,
        summary=what,
        usual_wallet_id=company.wallet.id,
        idempotency_key=life.key("booking"),
        converts=company.converts,
    )
    if outcome.rejection is not None:
        return
    authorization = recorded(outcome)
    if life.happens(_IS_FORGOTTEN):
        yield milliseconds(authorization.created_at + USUAL_TERM) - milliseconds(life.now)
        life.settle(authorization.id)
        return
    yield life.between(HOUR_MS, 3 * DAY_MS)
    if life.happens(_IS_CALLED_OFF):
        yield Release(company.account_id, authorization.id, life.earlier(authorization), life.key("release"))
        return
    yield from _take(life, authorization)


def _take(life: Life, authorization: Operation) -> Story:
    taken_minor = max(1, authorization.amount * life.luck.randrange(60, 101) // 100)
    if taken_minor > 1 and life.happens(_IS_TAKEN_IN_PARTS):
        yield _capture(life, authorization, taken_minor // 2, is_final=False)
        yield life.between(HOUR_MS, DAY_MS)
        taken_minor -= taken_minor // 2
    outcome = yield _capture(life, authorization, taken_minor, is_final=True)
    if outcome.rejection is None and life.happens(_GETS_SOME_BACK):
        yield life.between(10 * MINUTE_MS, 2 * DAY_MS)
        capture = recorded(outcome)
        yield Refund(
            account_id=capture.account_id,
            charge_id=capture.id,
            amount=life.amount(max(1, capture.amount // 3), capture.currency),
            summary="Was not as described",
            charge=life.earlier(capture),
            idempotency_key=life.key("refund"),
        )


def _capture(life: Life, authorization: Operation, amount_minor: int, *, is_final: bool) -> Capture:
    return Capture(
        account_id=authorization.account_id,
        authorization_id=authorization.id,
        amount=life.amount(amount_minor, authorization.currency),
        summary=authorization.summary,
        authorization=life.earlier(authorization),
        is_final=is_final,
        idempotency_key=life.key("capture"),
    )
