"""What happens by the calendar: subscriptions, weekly payouts, and what happens to a wallet once in its life."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from ledger.accounts import Wallet
from seeding.life import Life, Story
from seeding.plan import DAY_MS, HOUR_MS, MINUTE_MS, Plan, instant_of, milliseconds
from seeding.population import Company, Population
from seeding.stories.buying import subscribe
from seeding.stories.moving import freeze, leave, open_another
from seeding.stories.paying_out import pay_out
from seeding.stories.topping_up import standing_order
from seeding.trades import Way

_MONDAY = 0
_DAYS_OF_MONTH = 28
_SUBSCRIBERS = 0.2
_FROZEN = 0.01
_LEAVING = 0.01
# Of all operations, lest little else happens where there are many people and few operations.
_SUBSCRIPTIONS_MAX = 0.08
_PAYOUTS_MAX = 0.02
_SECOND_WALLETS_MAX = 0.02
_RARE_MAX = 0.002
_RARE_MIN = 5
_WAITING = 3

# Of what happens to a client.
Beginning = Callable[[Life, int], Story]


class Routine:
    """Stories that begin on a certain day, whatever anybody wishes."""

    def __init__(self, plan: Plan, population: Population) -> None:
        self._plan = plan
        self._population = population
        self._luck = plan.luck("routine")
        weeks = max(1.0, plan.days / 7)
        self._payouts = min(1.0, plan.operations * _PAYOUTS_MAX / (plan.companies * weeks))
        self._subscriptions: dict[int, list[tuple[int, Company]]] = defaultdict(list)
        self._subscribe()
        self._once: dict[int, list[tuple[int, Beginning, int]]] = defaultdict(list)
        self._open_others()
        for story, share in ((freeze, _FROZEN), (leave, _LEAVING)):
            # Few, but some in a small world, too.
            rare = min(plan.operations * _RARE_MAX, plan.clients * share)
            self._happen_once(story, max(round(rare), min(_RARE_MIN, plan.clients // 10)))
        # What a worker finds waiting when it is started.
        self._happen_once(
            standing_order, min(_WAITING, plan.clients), milliseconds(plan.until) - 10 * MINUTE_MS
        )

    def stories(self, starts_ms: int, life: Life) -> Iterator[tuple[int, Story]]:
        """Those that begin on the day with that first instant, and when."""
        for at_ms, begin, client in self._once.pop(starts_ms // DAY_MS, ()):
            yield at_ms, begin(life, client)
        day = instant_of(starts_ms)
        for client, company in self._subscriptions.get(day.day, ()):
            if max(_made_ms(self._population.wallets[client]), _made_ms(company.wallet)) < starts_ms:
                at_ms = starts_ms + self._luck.randrange(2 * HOUR_MS, 4 * HOUR_MS)
                yield at_ms, subscribe(life, client, company)
        if day.weekday() == _MONDAY:
            for company in self._population.companies[: self._population.companies_by(starts_ms)]:
                if self._luck.random() < self._payouts:
                    yield starts_ms + self._luck.randrange(4 * HOUR_MS, 5 * HOUR_MS), pay_out(life, company)

    def _subscribe(self) -> None:
        monthly = [company for company in self._population.companies if company.trade.way is Way.MONTHLY]
        months = max(1.0, self._plan.days / 30)
        most = self._plan.operations * _SUBSCRIPTIONS_MAX / months
        count = round(min(most, self._plan.clients * _SUBSCRIBERS)) if monthly else 0
        for client in self._some(count):
            currency = self._population.wallets[client].currency
            near = [company for company in monthly if company.wallet.currency == currency]
            company = self._luck.choice(near or monthly)
            self._subscriptions[self._luck.randrange(_DAYS_OF_MONTH) + 1].append((client, company))

    def _open_others(self) -> None:
        others = list(self._population.others.items())
        count = round(min(len(others), self._plan.operations * _SECOND_WALLETS_MAX))
        for client, wallet in self._luck.sample(others, count):
            at_ms = _made_ms(wallet)
            self._once[at_ms // DAY_MS].append((at_ms, open_another, client))

    def _happen_once(self, begin: Beginning, count: int, from_ms: int = 0) -> None:
        until_ms = milliseconds(self._plan.until)
        begins_ms = max(milliseconds(self._plan.begins), from_ms)
        for client in self._some(count):
            earliest_ms = max(_made_ms(self._population.wallets[client]), begins_ms)
            at_ms = self._luck.randrange(earliest_ms, until_ms)
            self._once[at_ms // DAY_MS].append((at_ms, begin, client))

    def _some(self, count: int) -> list[int]:
        return self._luck.sample(range(self._plan.clients), count)


def _made_ms(wallet: Wallet) -> int:
    assert wallet.created_at is not None
    return milliseconds(wallet.created_at)
