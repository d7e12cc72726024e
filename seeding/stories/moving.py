"""Money that people send each other, or move between wallets of their own; and wallets that are frozen or closed."""

from ledger.accounts import ACTIVE, CLOSED, FROZEN, Wallet
from ledger.commands import Transfer
from seeding.life import Life, Story, owner_of, token_of
from seeding.plan import DAY_MS, MINUTE_MS, SECOND_MS
from seeding.stories.paying_out import withdraw
from seeding.stories.topping_up import top_up
from seeding.trades import TRANSFER_MESSAGES

_TRIES_ALL_THE_SAME = 0.1
_STAYS_FROZEN = 0.4


def send(life: Life, client: int, friend: int, price_minor: int) -> Story:
    """A client sends somebody money, with a message."""
    wallet, to = life.population.wallets[client], life.population.wallets[friend]
    if CLOSED in (wallet.status, to.status):
        return
    amount_minor = max(1, price_minor)
    if wallet.available < amount_minor and not life.happens(_TRIES_ALL_THE_SAME):
        yield from top_up(life, wallet, amount_minor)
        yield life.between(20 * SECOND_MS, 3 * MINUTE_MS)
    yield _transfer(life, wallet, to, amount_minor, life.luck.choice(TRANSFER_MESSAGES))


def move(life: Life, client: int) -> Story:
    """A client with two wallets moves some of what is in one to the other."""
    first, other = life.population.wallets[client], life.population.others.get(client)
    if other is None or other.created_at is None or other.created_at >= life.now:
        return
    source, target = (first, other) if life.happens(0.6) else (other, first)
    amount_minor = source.available // life.luck.randrange(2, 6)
    if amount_minor and target.status != CLOSED:
        yield _transfer(life, source, target, amount_minor, other.name or "")


def open_another(life: Life, client: int) -> Story:
    """A client has just opened a second wallet, and puts something into it."""
    first, other = life.population.wallets[client], life.population.others[client]
    if first.status == CLOSED:
        return
    yield from top_up(life, first, 1)
    yield life.between(MINUTE_MS, 5 * MINUTE_MS)
    if first.available:
        yield _transfer(life, first, other, max(1, first.available // 2), other.name or "")


def freeze(life: Life, client: int) -> Story:
    """An administrator freezes a wallet, and mostly finds later that nothing was wrong."""
    wallet = life.population.wallets[client]
    if wallet.status != ACTIVE:
        return
    wallet.status = FROZEN
    if life.happens(_STAYS_FROZEN):
        return
    yield life.between(DAY_MS, 20 * DAY_MS)
    wallet.status = ACTIVE


def leave(life: Life, client: int) -> Story:
    """A client takes the money out of the wallet and closes it."""
    wallet, other = life.population.wallets[client], life.population.others.get(client)
    if wallet.available:
        yield from withdraw(life, wallet, wallet.available)
    life.close(wallet, [] if other is None else [other])


def _transfer(life: Life, source: Wallet, target: Wallet, amount_minor: int, summary: str) -> Transfer:
    return Transfer(
        account_id=owner_of(source),
        wallet=token_of(source),
        to=token_of(target),
        amount=life.amount(amount_minor, source.currency),
        currency=None,
        summary=summary,
        idempotency_key=life.key("transfer"),
    )
