"""What people want to do on a day, drawn as columns of numbers: who, where, what, for how much, and when."""

from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seeding.places import PLACES
from seeding.plan import DAY_MS, HOUR_MS, Plan, instant_of, milliseconds
from seeding.population import FAVOURITES, Floats, Integers, Population
from seeding.trades import SENDING_HOURS, TRADES

# How busy days are beside each other: Monday to Sunday, and January to December.
_WEEKDAYS = (0.95, 0.95, 1.0, 1.05, 1.25, 1.2, 0.85)
_MONTHS = (0.9, 0.92, 1.0, 1.0, 1.03, 1.0, 0.88, 0.86, 1.02, 1.04, 1.1, 1.3)
# The favourite, the second, and so on; who goes somewhere else is left over.
_FAVOURITE_SHARES = (0.35, 0.2, 0.12, 0.08)
_ABROAD = 0.05
_SPREAD_OF_PRICES = 0.18


class Wish(IntEnum):
    """What somebody sets out to do."""

    BUY = 0
    SEND = auto()
    CASH_OUT = auto()
    MOVE = auto()


_WISH_SHARES = (0.9, 0.065, 0.015, 0.02)


class Wishes(NamedTuple):
    """Columns, an element for each wish, in no order. `prices_minor` in the currency of the company's place."""

    at_ms: list[int]
    wishes: list[int]
    clients: list[int]
    companies: list[int]
    goods: list[int]
    prices_minor: list[int]
    # For those who send: whom.
    friends: list[int]


class Days:
    """The days of a plan, each with its share of all that happens."""

    def __init__(self, plan: Plan, population: Population) -> None:
        self._population = population
        self._begins_ms = milliseconds(plan.begins)
        self._draw = np.random.default_rng([plan.seed, plan.operations, plan.days])
        self._active = np.concatenate([[0.0], np.cumsum(population.activity)])
        self._trades = np.arange(len(population.companies)) % len(TRADES)
        self._weekdays = _digits([trade.weekdays for trade in TRADES]) / 9
        self._hours = _cumulated([*(trade.hours for trade in TRADES), SENDING_HOURS])
        self._goods = [np.array([price for _, price in trade.goods]) for trade in TRADES]
        self._of_place = [np.flatnonzero(population.company_places == n) for n in range(len(PLACES))]
        weights = np.array([self._weight(day) for day in range(plan.days)])
        # How much of everything has happened by the end of each day.
        self.progress: Floats = np.cumsum(weights) / weights.sum()

    def starts_ms(self, day: int) -> int:
        """The first instant of that day."""
        return self._begins_ms + day * DAY_MS

    def wishes(self, day: int, count: int) -> Wishes:
        """So many wishes, of those who are there when the day begins."""
        starts_ms = self.starts_ms(day)
        clients = self._clients(starts_ms, count)
        places = self._population.places[clients]
        companies = self._companies(starts_ms, clients, places)
        trades = self._trades[companies]
        goods, prices_minor = self._prices(companies, trades)
        wishes = self._draw.choice(len(_WISH_SHARES), count, p=_WISH_SHARES)
        friends = self._clients(starts_ms, count)
        kinds = np.where(wishes == Wish.BUY, trades, len(TRADES))
        at_ms = starts_ms + self._times_ms(kinds, places)
        columns = (at_ms, wishes, clients, companies, goods, prices_minor, self._near(friends, places))
        return Wishes(*(column.tolist() for column in columns))

    def _weight(self, day: int) -> float:
        instant = instant_of(self.starts_ms(day))
        active = self._active[self._population.clients_by(self.starts_ms(day))]
        return float(active * _WEEKDAYS[instant.weekday()] * _MONTHS[instant.month - 1])

    def _clients(self, at_ms: int, count: int) -> Integers:
        known = self._population.clients_by(at_ms)
        # Never the last bound itself, to which rounding may lead.
        found = (
            np.searchsorted(self._active, self._draw.random(count) * self._active[known], side="right") - 1
        )
        clients: Integers = np.minimum(found, known - 1)
        return clients

    def _near(self, friends: Integers, places: Integers) -> Integers:
        """One draw more for friends who live elsewhere: most friends don't."""
        far = self._population.places[friends] != places
        shuffled = np.where(far, np.roll(friends, 1), friends)
        return np.where(self._population.places[shuffled] == places, shuffled, friends)

    def _companies(self, at_ms: int, clients: Integers, places: Integers) -> Integers:
        known = self._population.companies_by(at_ms)
        weekday = self._weekdays[self._trades, instant_of(at_ms).weekday()]
        luck = self._draw.random(clients.size)
        which = np.searchsorted(np.cumsum(_FAVOURITE_SHARES), luck)
        found = self._population.favourites[clients, np.minimum(which, FAVOURITES - 1)].astype(np.int64)
        # Where the favourite is closed that day, or not open yet, they go somewhere else.
        elsewhere = (
            (which == FAVOURITES) | (found >= known) | (self._draw.random(clients.size) > weekday[found])
        )
        travelling = self._draw.random(clients.size) < _ABROAD
        elsewhere |= travelling
        visited = np.where(travelling, self._draw.integers(len(PLACES), size=clients.size), places)
        weights = self._population.popularity[:known] * (weekday[:known] + 0.01)
        for number, here in enumerate(self._of_place):
            going = np.flatnonzero(elsewhere & (visited == number))
            open_here = here[: np.searchsorted(here, known)]
            if weights[open_here].sum() == 0:
                open_here = np.arange(known)
            cumulated = np.cumsum(weights[open_here])
            chosen = np.searchsorted(cumulated, self._draw.random(going.size) * cumulated[-1], side="right")
            found[going] = open_here[np.minimum(chosen, open_here.size - 1)]
        return found

    def _prices(self, companies: Integers, trades: Integers) -> tuple[Integers, Integers]:
        goods = np.zeros(companies.size, dtype=np.int64)
        dollars = np.ones(companies.size)
        for number, prices in enumerate(self._goods):
            buying = np.flatnonzero(trades == number)
            goods[buying] = self._draw.integers(prices.size, size=buying.size)
            dollars[buying] = prices[goods[buying]]
        dollars *= self._draw.lognormal(0, _SPREAD_OF_PRICES, companies.size)
        places = self._population.company_places[companies]
        steps = np.array([place.step_minor for place in PLACES])[places]
        minor = dollars * np.array([place.dollar_minor for place in PLACES])[places]
        return goods, np.maximum(1, np.rint(minor / steps)).astype(np.int64) * steps

    def _times_ms(self, kinds: Integers, places: Integers) -> Integers:
        hours = np.empty(kinds.size)
        for number, cumulated in enumerate(self._hours):
            wishing = np.flatnonzero(kinds == number)
            hours[wishing] = np.searchsorted(cumulated, self._draw.random(wishing.size), side="right")
        ahead = np.array([place.hours_ahead for place in PLACES])[places]
        of_hour_ms = self._draw.integers(HOUR_MS, size=kinds.size)
        times_ms: Integers = ((hours - ahead) % 24).astype(np.int64) * HOUR_MS + of_hour_ms
        return times_ms


def _digits(texts: list[str]) -> NDArray[np.float64]:
    return np.array([[float(digit) for digit in text] for text in texts])


def _cumulated(texts: list[str]) -> NDArray[np.float64]:
    weights = _digits(texts)
    cumulated: NDArray[np.float64] = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    return cumulated
