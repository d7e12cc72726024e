"""Tells a worked example of docs/money.md to a real ledger: each row of its table is a step.

The first column says what happens, in sentences that are known here; a step that ends with `: CODE` is refused.
A heading such as "Ada, EUR" is a wallet, and its cells the balances after each step.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from ledger.commands import Authorize, Capture, Charge, Command, Deposit, Refund, Release, Split, Transfer
from ledger.money import decimal_text
from ledger.outcomes import Operation, WalletView
from ledger.rates import NewRate
from ledger.service import Ledger
from tests.docs.tables import Table
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import Connection

BASE = "USD"
_AMOUNT = r"([0-9.]+)(?: ([A-Z]{3}))?"
_TOMORROW = datetime.now(UTC) + timedelta(days=1)
_PART = re.compile(r"([0-9.]+)( %)? to (\w+)")


class Telling:
    """One example: its wallets by the names that they have there, and what happened last."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self._ledger = ledger
        self._connection = connection
        self._holders: dict[str, Holder] = {}
        # What a refund gives back, and what a capture takes.
        self._charge_id = self._authorization_id = UUID(int=0)
        self._last: Operation | None = None

    async def tell(self, table: Table) -> list[tuple[str, ...]]:
        """The table's rows, each cell as it truly comes out."""
        for heading in table.headings:
            if named := re.fullmatch(r"([A-Z]\w+), ([A-Z]{3})(?:, (?:available|held|pending))?", heading):
                name, currency = named.groups()
                if name not in self._holders:
                    self._holders[name] = await open_holder(self._ledger, currency=currency)
        rows = []
        for step, *_ in table.rows:
            await self._do(step)
            rows.append((step, *[await self._cell(heading) for heading in table.headings[1:]]))
        return rows

    async def _do(self, step: str) -> None:
        said, _, code = step.partition(": ")
        for sentence, do in self._sentences.items():
            if words := re.fullmatch(sentence, said):
                command = await do(self, *words.groups())
                break
        else:
            raise AssertionError(f"not understood: {said}")
        if command is None:
            self._last = None
            return
        outcome = await self._ledger.submit(command)
        assert (outcome.rejection.code if outcome.rejection else "") == code, step
        self._last = operation = outcome.operation
        if operation is not None and operation.status == "SUCCEEDED":
            if operation.kind in ("CHARGE", "CAPTURE"):
                self._charge_id = operation.id
            if operation.kind == "AUTHORIZATION":
                self._authorization_id = operation.id

    async def _deposit(self, who: str, amount: str, currency: str | None, later: str | None) -> Command:
        holder = self._holders[who]
        available_at = None if later is None else _TOMORROW
        return Deposit(holder.account_id, holder.wallet, amount, currency, "", available_at=available_at)

    async def _send(self, who: str, to: str, amount: str, currency: str | None) -> Command:
        sender = self._holders[who]
        return Transfer(sender.account_id, sender.wallet, self._holders[to].wallet, amount, currency, "")

    async def _charge(
        self, who: str, payer: str, amount: str, currency: str | None, parts: str | None
    ) -> Command:
        company = self._holders[who]
        splits = tuple(
            Split(self._holders[to].wallet, *((None, part) if percent else (part, None)))
            for part, percent, to in _PART.findall(parts or "")
        )
        return Charge(
            *(company.account_id, self._holders[payer].wallet, amount, currency, ""),
            usual_wallet_id=company.wallet.wallet_id,
            splits=splits,
        )

    async def _refund(self, who: str, amount: str | None, _: str | None) -> Command:
        account_id = self._holders[who].account_id
        earlier = await self._ledger.reads.earlier(self._charge_id, account_id)
        return Refund(account_id, self._charge_id, amount, "", earlier)

    async def _authorize(self, who: str, amount: str, currency: str | None, payer: str) -> Command:
        company = self._holders[who]
        return Authorize(
            *(company.account_id, self._holders[payer].wallet, amount, currency, ""),
            usual_wallet_id=company.wallet.wallet_id,
        )

    async def _capture(self, who: str, amount: str, _: str | None, more: str | None) -> Command:
        account_id = self._holders[who].account_id
        earlier = await self._ledger.reads.earlier(self._authorization_id, account_id)
        return Capture(account_id, self._authorization_id, amount, "", earlier, is_final=more is None)

    async def _release(self, who: str) -> Command:
        account_id = self._holders[who].account_id
        earlier = await self._ledger.reads.earlier(self._authorization_id, account_id)
        return Release(account_id, self._authorization_id, earlier)

    async def _set_rate(self, currency: str, rate: str) -> None:
        await self._ledger.update_rates([NewRate(currency, rate, None)], UUID(int=1))

    _sentences: dict[str, Callable[..., Awaitable[Command | None]]] = {  # noqa: RUF012 - never changed
        rf"(\w+) deposits {_AMOUNT}( from tomorrow on)?": _deposit,
        rf"(\w+) sends (\w+) {_AMOUNT}": _send,
        rf"(\w+) charges (\w+) {_AMOUNT}(?:, of which (.*))?": _charge,
        rf"(\w+) refunds (?:{_AMOUNT}|the rest)": _refund,
        rf"(\w+) authorizes {_AMOUNT} from (\w+)": _authorize,
        rf"(\w+) captures {_AMOUNT}(, more to come)?": _capture,
        r"(\w+) releases the rest": _release,
        r"([A-Z]{3}) is now worth ([0-9.]+)": _set_rate,
    }

    async def _cell(self, heading: str) -> str:
        last = self._last
        if heading == "Rate":
            return (last.rate or "") if last else ""
        if heading == "Leaves":
            return "" if last is None else self._text(last.debited, last.source_currency)
        if heading == "Arrives":
            return "" if last is None else self._text(last.credited, last.target_currency)
        if heading == f"Gained, {BASE}":
            return await self._gained()
        name, currency, *part = heading.split(", ")
        if name in ("Outside", "Exchange"):
            return self._decimal(await self._system_balance(name.upper(), currency), currency)
        view = await self._view(name)
        return self._decimal(getattr(view, part[0] if part else "balance"), currency)

    async def _view(self, name: str) -> WalletView:
        view = await self._ledger.reads.wallet(self._holders[name].wallet.wallet_id)
        assert view is not None
        return view

    async def _system_balance(self, kind: str, currency: str) -> int:
        balance: int = await self._connection.fetchval(
            "SELECT coalesce(sum(balance), 0)::bigint FROM wallets WHERE kind::text = $1 AND currency = $2",
            kind,
            currency,
        )
        return balance

    async def _gained(self) -> str:
        """What all that the exchange has is worth in the base currency, exactly."""
        total = Fraction(0)
        for code, currency in self._ledger.currencies.items():
            if currency.rate is not None:
                units = Fraction(await self._system_balance("EXCHANGE", code), 10**currency.exponent)
                total += units * currency.rate
        # Rates are decimals with an end, so this one has an end as well.
        return f"{Decimal(total.numerator) / Decimal(total.denominator):f}"

    def _text(self, amount_minor: int | None, currency: str | None) -> str:
        if amount_minor is None or currency is None:
            return ""
        return f"{self._decimal(amount_minor, currency)} {currency}"

    def _decimal(self, amount_minor: int, currency: str) -> str:
        return decimal_text(amount_minor, self._ledger.currencies[currency].exponent)
