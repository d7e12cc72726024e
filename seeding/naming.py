"""What everybody is called: rows of accounts and of their profiles."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from auth.account_records import searched_text
from auth.principal import Role
from auth.profile_rules import NAME_CHARACTERS_MAX, fold
from seeding.places import PLACES, Place
from seeding.plan import DAY_MS, Plan, id_of, instant_of
from seeding.population import Company, Population
from seeding.trades import NAME_WORDS

ADMINISTRATOR = "admin@example.com"

# A step through all pairs of a first and a last name that does not follow the alphabet; prime, so that it meets each.
_STEP = 7919


class Account(NamedTuple):
    """The columns of `accounts` but the hash, which all share; `profile` is a row of `clients` or of `companies`."""

    id: UUID
    email: str
    email_key: str
    role: Role
    created_at: datetime
    searched: str
    profile: tuple[str, ...]


def accounts(plan: Plan, population: Population) -> Iterator[Account]:
    """Everybody's, the administrator's first."""
    luck = plan.luck("administrator")
    at_ms = min(int(population.joined_ms[0]), int(population.company_joined_ms[0])) - DAY_MS
    yield _account(id_of(at_ms, luck), at_ms, ADMINISTRATOR, Role.ADMIN, ())
    yield from _clients(plan, population)
    yield from _companies(plan, population)


def _clients(plan: Plan, population: Population) -> Iterator[Account]:
    luck = plan.luck("names")
    first_of = [luck.randrange(_pairs(place)) for place in PLACES]
    met: Counter[int] = Counter()
    for wallet, place_number in zip(population.wallets, population.places.tolist(), strict=True):
        place = PLACES[place_number]
        round_number, step = divmod(met[place_number], _pairs(place))
        met[place_number] += 1
        first, last = _name(place, first_of[place_number] + step * _STEP)
        suffix = f".{round_number + 1}" if round_number else ""
        email = f"{_ascii(first)}.{_ascii(last)}{suffix}@example.com"
        assert wallet.owner_id is not None
        profile = (first, last, _phone_number(place, luck.randrange(10**4)))
        at_ms = _time_of(wallet.owner_id)
        yield _account(wallet.owner_id, at_ms, email, Role.CLIENT, (f"{first} {last}",), profile)


def _companies(plan: Plan, population: Population) -> Iterator[Account]:
    luck = plan.luck("company names")
    words = luck.sample(NAME_WORDS, len(NAME_WORDS))
    met: Counter[tuple[str, ...]] = Counter()
    for company in population.companies:
        number = met[company.trade.nouns]
        met[company.trade.nouns] += 1
        name = company_name(company, words, number)
        slug = re.sub(r"[^a-z0-9]+", "-", _ascii(name))
        first, last = _name(company.place, luck.randrange(_pairs(company.place)))
        profile = (name, f"https://{slug}.example.com", first, last)
        yield _account(
            company.account_id,
            _time_of(company.account_id),
            f"{slug}@example.com",
            Role.COMPANY,
            (f"{first} {last}", name),
            (*profile, _phone_number(company.place, luck.randrange(10**4))),
        )


def company_name(company: Company, words: list[str], number: int) -> str:
    """Of the company with that number among those of its trade: one that no other has."""
    nouns = company.trade.nouns
    # Both go round at once, as long as that gives new pairs.
    rounds, step = divmod(number, len(words) * len(nouns))
    word, noun = words[step % len(words)], nouns[(step + step // len(words)) % len(nouns)]
    name = f"{word} {noun}" if rounds == 0 else f"{word} {noun} {rounds + 1}"
    assert len(name) <= NAME_CHARACTERS_MAX
    return name


def _account(
    account_id: UUID,
    at_ms: int,
    email: str,
    role: Role,
    names: tuple[str, ...],
    profile: tuple[str, ...] = (),
) -> Account:
    key = fold(email)
    return Account(account_id, email, key, role, instant_of(at_ms), searched_text(key, names), profile)


def _pairs(place: Place) -> int:
    return len(place.first_names) * len(place.last_names)


def _name(place: Place, number: int) -> tuple[str, str]:
    last, first = divmod(number % _pairs(place), len(place.first_names))
    return place.first_names[first], place.last_names[last]


def _phone_number(place: Place, number: int) -> str:
    return f"{place.dialling}{number:04}"


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()


def _time_of(account_id: UUID) -> int:
    return account_id.int >> 80
