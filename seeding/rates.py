"""What currencies were worth from month to month."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.books import Currencies
from ledger.rates import BASE_CURRENCY
from seeding.places import RATES_AT_FIRST
from seeding.plan import Plan

# The first ones are set before anybody is there.
_BEFORE = timedelta(days=32)
_MOST_CHANGE = 0.015


class MonthlyRates:
    """The rates of a plan, by when they were set: before the history begins, and on the first of each month in it."""

    def __init__(self, plan: Plan) -> None:
        luck = plan.luck("rates")
        rates = {code: Decimal(str(rate)) for code, rate in RATES_AT_FIRST.items()}
        self.changes: dict[datetime, Mapping[str, Decimal]] = {plan.begins - _BEFORE: dict(rates)}
        for day in range(plan.days):
            instant = plan.begins + timedelta(days=day)
            if instant.day == 1:
                for code in rates:
                    change = Decimal(f"{1 + luck.uniform(-_MOST_CHANGE, _MOST_CHANGE):.5f}")
                    rates[code] = Decimal(f"{rates[code] * change:.5g}")
                self.changes[instant] = dict(rates)

    @property
    def codes(self) -> tuple[str, ...]:
        """The currencies that anybody uses."""
        return (BASE_CURRENCY, *RATES_AT_FIRST)

    def at(self, instant: datetime, currencies: Currencies) -> Currencies:
        """The currencies in use, with their rates of that instant."""
        latest = self.changes[max(at for at in self.changes if at <= instant)]
        return {
            code: replace(currencies[code], rate=Fraction(latest[code]) if code in latest else Fraction(1))
            for code in self.codes
        }
