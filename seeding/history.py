"""A history told from its first day to its last: stories begin when somebody wishes something, and go on in time."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from ledger.accounts import ACTIVE, Wallet
from ledger.books import EXCHANGE, OUTSIDE, Books, Currencies, SystemAccount
from ledger.system_wallets import SystemWallets
from seeding.days import Days, Wish, Wishes
from seeding.life import Life, Story
from seeding.plan import Plan, instant_of, milliseconds
from seeding.population import Population
from seeding.rates import MonthlyRates
from seeding.recording import Recorder, Rows
from seeding.routine import Routine
from seeding.stories.buying import buy
from seeding.stories.moving import move, send
from seeding.stories.paying_out import cash_out

# Operations written at a time.
CHUNK = 10_000
# Until it is known: how many operations come of a wish.
_OPERATIONS_A_WISH = 1.3


class History:
    """The history of a population by a plan. Only once it is told are the wallets what they became."""

    def __init__(
        self, plan: Plan, population: Population, currencies: Currencies, rates: MonthlyRates
    ) -> None:
        self._plan = plan
        self._currencies = currencies
        self._rates = rates
        self._days = Days(plan, population)
        self._routine = Routine(plan, population)
        self.system = dict(_system_wallets(plan, rates.codes))
        books = Books(
            rates.at(plan.begins, currencies),
            plan.begins,
            {wallet.id: wallet for wallet in population.holders()},
            {account: [wallet] for account, wallet in self.system.items()},
        )
        self._life = Life(population, books, plan.luck("life"))
        self._recorder = Recorder(self._life, plan.luck("operations"))
        # What goes on next, and when; the number keeps those of one instant in the order in which they came.
        self._stories: list[tuple[int, int, Story]] = []
        self._numbers = count()
        self._wished = 0

    def parts(self) -> Iterator[Rows]:
        """All of it, part by part, in the order of time."""
        for day in range(self._plan.days):
            self._begin_day(day)
            yield from self._tell_until(min(self._days.starts_ms(day + 1), milliseconds(self._plan.until)))
        yield self._recorder.rows(is_last=True)

    def _begin_day(self, day: int) -> None:
        starts_ms = self._days.starts_ms(day)
        if (starts_at := instant_of(starts_ms)) in self._rates.changes:
            self._life.books.currencies = self._rates.at(starts_at, self._currencies)
        for at_ms, story in self._routine.stories(starts_ms, self._life):
            self._go_on(at_ms, story)
        wishes = self._days.wishes(day, self._wishes_of(day))
        self._wished += len(wishes.at_ms)
        for at_ms, story in self._wished_for(wishes):
            self._go_on(at_ms, story)

    def _wishes_of(self, day: int) -> int:
        """So many that by the end of the day as much has happened as should have."""
        made = self._recorder.made + self._recorder.count
        a_wish = made / self._wished if made > self._wished else _OPERATIONS_A_WISH
        should = self._plan.operations * float(self._days.progress[day])
        return max(0, round((should - made) / a_wish))

    def _wished_for(self, wishes: Wishes) -> Iterator[tuple[int, Story]]:
        life, companies = self._life, self._life.population.companies
        for at_ms, wish, client, company, good, price_minor, friend in zip(*wishes, strict=True):
            match wish:
                case Wish.BUY:
                    story = buy(life, client, companies[company], good, price_minor)
                case Wish.SEND:
                    story = send(life, client, friend, price_minor)
                case Wish.CASH_OUT:
                    story = cash_out(life, client)
                case _:
                    story = move(life, client)
            yield at_ms, story

    def _tell_until(self, end_ms: int) -> Iterator[Rows]:
        # Time may run a little ahead of what is wished for: where there is something each millisecond.
        while self._stories and max(self._stories[0][0], self._recorder.now_ms + 1) < end_ms:
            at_ms, _, story = heappop(self._stories)
            self._recorder.move_to(at_ms)
            self._tell(story)
            if self._recorder.count >= CHUNK:
                yield self._recorder.rows()

    def _tell(self, story: Story) -> None:
        """Goes on with a story until time passes in it, or it ends."""
        try:
            step = next(story)
            while not isinstance(step, int):
                step = story.send(self._recorder.carry_out(step))
        except StopIteration:
            return
        self._go_on(self._recorder.now_ms + step, story)

    def _go_on(self, at_ms: int, story: Story) -> None:
        heappush(self._stories, (at_ms, next(self._numbers), story))


def _system_wallets(plan: Plan, codes: tuple[str, ...]) -> Iterator[tuple[SystemAccount, Wallet]]:
    system = SystemWallets(0)
    for kind in (OUTSIDE, EXCHANGE):
        for code in codes:
            own_id = system.id_in((kind, code))
            yield (
                (kind, code),
                Wallet(own_id, None, None, code, ACTIVE, 0, 0, 0, 0, only_one=True, created_at=plan.begins),
            )
