"""Purchases: at a till, online, with a deposit for what is borrowed, shared with who sold it, and once a month."""

from datetime import datetime

from ledger.accounts import CLOSED, Wallet
from ledger.commands import Charge, Refund, Split
from ledger.outcomes import Operation
from ledger.rejections import ErrorCode
from seeding.life import Life, Part, Story, recorded, token_of
from seeding.plan import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from seeding.population import Company
from seeding.stories.borrowing import borrow
from seeding.stories.topping_up import queued, top_up, transfer_from_bank
from seeding.trades import Way

# Of those whose wallet has too little: who tries all the same.
_TRIES_ALL_THE_SAME = 0.12
_TRIES_A_CLOSED_WALLET = 0.1
_GIVES_BACK = 0.025
_GIVES_TOO_MUCH_BACK = 0.02
_TRANSFERS_FROM_BANK = 0.03


def buy(life: Life, client: int, company: Company, good: int, price_minor: int) -> Story:
    """A client buys something, tops up for it where that is needed, and perhaps takes it back."""
    wallet = _purse(life, client, company, price_minor)
    if wallet.status == CLOSED and not life.happens(_TRIES_A_CLOSED_WALLET):
        return
    if wallet.status != CLOSED:
        yield from _cover(life, wallet, price_minor, company.wallet.currency)
    if company.trade.way is Way.DEPOSIT:
        yield from borrow(life, wallet, company, company.trade.goods[good][0], price_minor)
        return
    charge = yield from _pay(life, wallet, company, good, price_minor)
    if charge is None:
        return
    if life.happens(_GIVES_BACK):
        yield from give_back(life, charge)
    elif life.happens(_TRANSFERS_FROM_BANK):
        yield from transfer_from_bank(life, wallet)


def subscribe(life: Life, client: int, company: Company) -> Story:
    """One month of a subscription, charged in the night by a worker."""
    good = client % len(company.trade.goods)
    wallet = life.population.wallets[client]
    # The same each month.
    price_minor = round(company.trade.goods[good][1] * company.place.dollar_minor)
    if wallet.status == CLOSED:
        return
    yield from _cover(life, wallet, price_minor, company.wallet.currency)
    yield from queued(life, _charge(life, wallet, company, good, price_minor))


def give_back(life: Life, charge: Operation) -> Story:
    """A refund of all of it, or of a part and some time later of the rest."""
    yield life.between(20 * MINUTE_MS, 9 * DAY_MS)
    if life.happens(_GIVES_TOO_MUCH_BACK):
        yield _refund(life, charge, charge.amount * 2)
        yield life.between(MINUTE_MS, 5 * MINUTE_MS)
    if charge.amount > 1 and life.happens(0.4):
        part_minor = max(1, charge.amount // life.luck.randrange(2, 5))
        yield _refund(life, charge, part_minor)
        if life.happens(0.5):
            return
        yield life.between(HOUR_MS, 5 * DAY_MS)
    yield _refund(life, charge, None)


def _cover(life: Life, wallet: Wallet, price_minor: int, currency: str) -> Story:
    need_minor = life.cost(price_minor, currency, wallet)
    if wallet.available < need_minor and not life.happens(_TRIES_ALL_THE_SAME):
        yield from top_up(life, wallet, need_minor)
        yield life.between(20 * SECOND_MS, 3 * MINUTE_MS)


def _pay(life: Life, wallet: Wallet, company: Company, good: int, price_minor: int) -> Part[Operation | None]:
    """The charge, if it was one in the end: who was told that there is too little may top up and try once more."""
    outcome = yield _charge(life, wallet, company, good, price_minor)
    rejection = outcome.rejection
    if rejection is not None and rejection.code is ErrorCode.INSUFFICIENT_FUNDS and life.happens(0.5):
        yield life.between(10 * SECOND_MS, MINUTE_MS)
        yield from top_up(life, wallet, life.cost(price_minor, company.wallet.currency, wallet))
        yield life.between(5 * SECOND_MS, MINUTE_MS)
        outcome = yield _charge(life, wallet, company, good, price_minor)
    return recorded(outcome) if outcome.rejection is None else None


def _charge(life: Life, wallet: Wallet, company: Company, good: int, price_minor: int) -> Charge:
    what = company.trade.goods[good][0]
    is_keyed = company.trade.way is not Way.TILL
    key = life.key("order") if is_keyed else None
    return Charge(
        account_id=company.account_id,
        wallet=token_of(wallet),
        amount=life.amount(price_minor, company.wallet.currency),
        currency=company.wallet.currency,
        summary=what if key is None else f"{key.capitalize().replace('-', ' ')}: {what}",
        usual_wallet_id=company.wallet.id,
        idempotency_key=key,
        splits=_splits(life, wallet, company) if company.trade.way is Way.SHARED else (),
        converts=company.converts,
    )


def _splits(life: Life, payer: Wallet, company: Company) -> tuple[Split, ...]:
    """Most of it is for whoever sold it, some for whoever brings it; the marketplace keeps the rest."""
    population, now = life.population, life.now
    seller = life.luck.choice(population.companies).wallet
    courier = life.luck.choice(population.wallets)
    parts = []
    if seller is not company.wallet and _was_there(seller, now):
        parts.append(Split(token_of(seller), None, "78.5"))
    if courier is not payer and courier.status != CLOSED and _was_there(courier, now):
        parts.append(Split(token_of(courier), None, "10"))
    return tuple(parts)


def _refund(life: Life, charge: Operation, amount_minor: int | None) -> Refund:
    return Refund(
        account_id=charge.account_id,
        charge_id=charge.id,
        amount=None if amount_minor is None else life.amount(amount_minor, charge.currency),
        summary="Goods returned" if amount_minor is None else "Returned in part",
        charge=life.earlier(charge),
        idempotency_key=life.key("refund"),
    )


def _purse(life: Life, client: int, company: Company, price_minor: int) -> Wallet:
    """The wallet of the company's currency, where the client has one with enough in it."""
    other = life.population.others.get(client)
    if other is not None and other.currency == company.wallet.currency and other.available >= price_minor:
        return other
    return life.population.wallets[client]


def _was_there(wallet: Wallet, now: datetime) -> bool:
    return wallet.created_at is not None and wallet.created_at < now
