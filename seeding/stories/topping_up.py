"""Money from outside: somebody tops a wallet up because it has too little."""

from dataclasses import replace
from datetime import timedelta

from ledger.accounts import Wallet
from ledger.commands import Accepted, CarryOut, Charge, Deposit, Enqueue
from ledger.outcomes import Outcome
from seeding.life import Life, Part, Story, owner_of, recorded, token_of
from seeding.plan import DAY_MS, HOUR_MS, SECOND_MS

# What people top up by, in units of so many minor units of the wallet's currency.
_STEPS = (20, 50, 100, 200)
_UNITS_MINOR = {"JPY": 150}
_UNIT_MINOR = 100
_BY_CARD = ("Top-up by card", "Top-up")
_QUEUED = 0.02
_FROM_ABROAD = 0.02


def top_up(life: Life, wallet: Wallet, need_minor: int) -> Part[Outcome]:
    """A deposit that covers the need, of a usual size."""
    unit_minor = _UNITS_MINOR.get(wallet.currency, _UNIT_MINOR)
    usual = [step * unit_minor for step in _STEPS if step * unit_minor >= need_minor]
    amount_minor = (
        life.luck.choice(usual[:2]) if usual else -(-need_minor // (100 * unit_minor)) * 100 * unit_minor
    )
    command = Deposit(
        account_id=owner_of(wallet),
        wallet=token_of(wallet),
        amount=life.amount(amount_minor, wallet.currency),
        currency=None,
        summary=life.luck.choice(_BY_CARD),
        idempotency_key=life.key("top-up"),
    )
    if life.happens(_QUEUED):
        return (yield from queued(life, command))
    if wallet.currency != "USD" and life.happens(_FROM_ABROAD):
        return (yield replace(command, currency="USD", amount=life.amount(amount_minor, "USD")))
    return (yield command)


def transfer_from_bank(life: Life, wallet: Wallet) -> Story:
    """A deposit that can be used only after some days."""
    days = life.luck.randrange(1, 4)
    command = Deposit(
        account_id=owner_of(wallet),
        wallet=token_of(wallet),
        amount=life.amount(100 * _UNITS_MINOR.get(wallet.currency, _UNIT_MINOR), wallet.currency),
        currency=None,
        summary="Bank transfer",
        idempotency_key=life.key("bank"),
        available_at=life.later(timedelta(days=days)),
    )
    outcome = yield command
    if outcome.rejection is None:
        yield days * DAY_MS
        life.settle(recorded(outcome).id)


def standing_order(life: Life, client: int) -> Story:
    """A deposit that waits for the worker of the next hour."""
    wallet = life.population.wallets[client]
    command = Deposit(
        account_id=owner_of(wallet),
        wallet=token_of(wallet),
        amount=life.amount(50 * _UNITS_MINOR.get(wallet.currency, _UNIT_MINOR), wallet.currency),
        currency=None,
        summary="Standing order",
        idempotency_key=life.key("order"),
    )
    yield from queued(life, command, HOUR_MS)


def queued(life: Life, command: Deposit | Charge, after_ms: int = SECOND_MS) -> Part[Outcome]:
    """The same, accepted now and carried out by a worker after that time or a little later."""
    outcome = yield Enqueue(command)
    if outcome.rejection is not None:
        return outcome
    yield after_ms + life.between(0, 90 * SECOND_MS)
    return (yield CarryOut(_accepted(outcome), replace(command, idempotency_key=None)))


def _accepted(outcome: Outcome) -> Accepted:
    operation = recorded(outcome)
    return Accepted(
        operation.id,
        operation.kind,
        operation.amount,
        operation.currency,
        operation.source_id,
        operation.target_id,
        operation.created_at,
    )
