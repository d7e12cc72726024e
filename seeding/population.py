"""Who there is: clients and companies by number, in the order in which they joined, with their wallets.

Of a client there is a wallet in memory and a few numbers, about a kilobyte in all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ledger.accounts import ACTIVE, Wallet
from ledger.tokens import SECRET_BYTES
from seeding.places import PLACES, Place
from seeding.plan import DAY_MS, MINUTE_MS, Plan, id_of, instant_of, milliseconds
from seeding.trades import TRADES, Trade

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

FAVOURITES = 4
# Who was there when the history begins opened an account in these days before it.
_FOUNDING_DAYS = 30
_FOUNDING_CLIENTS = 0.35
_FOUNDING_COMPANIES = 0.7
_NO_CONVERSION = 0.15
# A few buy much, most little.
_SPREAD_OF_ACTIVITY = 0.9
_SPREAD_OF_POPULARITY = 0.7
_OWNS_ANOTHER_WALLET = 0.12
_FOR_TRAVELLING = 0.6
_ABROAD = ("EUR", "USD", "GBP", "CHF", "JPY")


@dataclass(frozen=True, slots=True)
class Company:
    """A merchant. `converts`: who pays from a wallet in another currency is welcome."""

    account_id: UUID
    wallet: Wallet
    trade: Trade
    place: Place
    converts: bool


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody. `places` are numbers of PLACES; `joined_ms` when the wallet was there; both never run backwards.

    `favourites` has the companies that each client goes back to; `others` second wallets, by the client's number.
    """

    places: Integers
    joined_ms: Integers
    activity: Floats
    favourites: NDArray[np.int32]
    wallets: list[Wallet]
    others: dict[int, Wallet]
    companies: list[Company]
    company_places: Integers
    company_joined_ms: Integers
    popularity: Floats

    @classmethod
    def of(cls, plan: Plan) -> "Population":
        """The population of that plan."""
        draw = np.random.default_rng([plan.seed, plan.clients, plan.companies])
        joined_ms = _joined(plan, plan.clients, _FOUNDING_CLIENTS, draw)
        places = draw.choice(len(PLACES), plan.clients, p=_shares([place.share for place in PLACES]))
        company_joined_ms = _joined(plan, plan.companies, _FOUNDING_COMPANIES, draw)
        company_places = draw.choice(
            len(PLACES), plan.companies, p=_shares([place.share for place in PLACES])
        )
        trade_shares = np.array([trade.share for trade in TRADES])[np.arange(plan.companies) % len(TRADES)]
        popularity = trade_shares * draw.lognormal(0, _SPREAD_OF_POPULARITY, plan.companies)
        activity = draw.lognormal(0, _SPREAD_OF_ACTIVITY, plan.clients)
        favourites = _favourites(places, company_places, popularity, draw)
        luck = plan.luck("wallets")
        wallets = list(_wallets(joined_ms, [PLACES[number].currency for number in places], luck))
        return cls(
            places,
            joined_ms,
            activity,
            favourites,
            wallets,
            dict(_other_wallets(wallets, milliseconds(plan.until), luck)),
            list(_companies(company_joined_ms, company_places, luck)),
            company_places,
            company_joined_ms,
            popularity,
        )

    def holders(self) -> Iterator[Wallet]:
        """All wallets that somebody owns."""
        yield from self.wallets
        yield from self.others.values()
        yield from (company.wallet for company in self.companies)

    def clients_by(self, at_ms: int) -> int:
        """How many clients had a wallet by then: those with the lowest numbers."""
        return int(np.searchsorted(self.joined_ms, at_ms))

    def companies_by(self, at_ms: int) -> int:
        """How many companies had a wallet by then."""
        return int(np.searchsorted(self.company_joined_ms, at_ms))


def _shares(weights: list[float]) -> Floats:
    return np.array(weights) / sum(weights)


def _joined(plan: Plan, count: int, founding: float, draw: np.random.Generator) -> Integers:
    """When each of them joined, more of them early than late; never fewer founders than one."""
    founders = max(1, round(count * founding))
    begins_ms = milliseconds(plan.begins)
    before = begins_ms - draw.random(founders) * _FOUNDING_DAYS * DAY_MS
    # Who opens an account on the last day would have no time to use it.
    after = begins_ms + draw.random(count - founders) ** 1.4 * (plan.days - 1) * DAY_MS
    joined = np.sort(np.concatenate([before, after]).astype(np.int64))
    return np.minimum(joined, max(begins_ms, milliseconds(plan.until) - DAY_MS) - 1)


def _favourites(
    places: Integers, company_places: Integers, popularity: Floats, draw: np.random.Generator
) -> NDArray[np.int32]:
    """Each client's favourite companies, from the same place where it has any."""
    favourites = np.empty((places.size, FAVOURITES), dtype=np.int32)
    for number in range(len(PLACES)):
        here = np.flatnonzero(company_places == number)
        if popularity[here].sum() == 0:
            here = np.arange(company_places.size)
        clients = np.flatnonzero(places == number)
        shares = popularity[here] / popularity[here].sum()
        favourites[clients] = draw.choice(here, (clients.size, FAVOURITES), p=shares)
    return favourites


def _wallets(joined_ms: Integers, currencies: list[str], luck: Random) -> Iterator[Wallet]:
    for at_ms, currency in zip(joined_ms.tolist(), currencies, strict=True):
        account_id = id_of(at_ms - luck.randrange(MINUTE_MS, 10 * MINUTE_MS), luck)
        yield _wallet(account_id, at_ms, currency, None, luck)


def _other_wallets(wallets: list[Wallet], until_ms: int, luck: Random) -> Iterator[tuple[int, Wallet]]:
    for number, first in enumerate(wallets):
        if luck.random() >= _OWNS_ANOTHER_WALLET:
            continue
        assert first.owner_id is not None
        assert first.created_at is not None
        at_ms = luck.randrange(milliseconds(first.created_at) + 1, until_ms)
        if luck.random() < _FOR_TRAVELLING:
            abroad = luck.choice([code for code in _ABROAD if code != first.currency])
            other = _wallet(first.owner_id, at_ms, abroad, "Travel", luck)
        else:
            other = _wallet(first.owner_id, at_ms, first.currency, "Savings", luck)
        first.name, first.only_one, other.only_one = "Everyday", False, False
        yield number, other


def _companies(joined_ms: Integers, places: Integers, luck: Random) -> Iterator[Company]:
    currencies = [PLACES[number].currency for number in places]
    for number, wallet in enumerate(_wallets(joined_ms, currencies, luck)):
        place = PLACES[places[number]]
        wallet.name, wallet.country, wallet.city = "Till", place.country, luck.choice(place.cities)
        assert wallet.owner_id is not None
        trade = TRADES[number % len(TRADES)]
        yield Company(wallet.owner_id, wallet, trade, place, luck.random() >= _NO_CONVERSION)


def _wallet(owner_id: UUID, at_ms: int, currency: str, name: str | None, luck: Random) -> Wallet:
    return Wallet(
        id=id_of(at_ms, luck),
        owner_id=owner_id,
        token_secret=luck.randbytes(SECRET_BYTES),
        currency=currency,
        status=ACTIVE,
        balance=0,
        held=0,
        pending=0,
        sequence=0,
        only_one=True,
        name=name,
        created_at=instant_of(at_ms),
    )
