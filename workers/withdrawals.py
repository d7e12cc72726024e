"""Paying withdrawals out: what is due is claimed, the bank is called, and the ledger posts what it said.

The bank is called outside any transaction, and never on a guess: what was sent once is asked about until the bank says
what came of it. docs/withdrawals.md has the states, and why nothing is paid twice.
"""

import asyncio
import logging
import random
import time
from contextlib import suppress

from ledger.errors import Overloaded, Unavailable
from ledger.money import decimal_text
from ledger.withdrawal_commands import SettleWithdrawal
from runtime.log_lines import escaped
from runtime.spans import Attributes
from runtime.tracing import span
from workers.adapters import AdapterError, BankNotOpened, open_bank
from workers.bank import Answer, Bank, Payment, Result
from workers.conclusions import Claim, Next, conclude, seconds_to_next_attempt, seconds_to_next_question
from workers.duty import Workplace, pause
from workers.metrics import NO_ANSWER, count_attempt, count_call
from workers.withdrawal_claims import Claims

log = logging.getLogger("purser.worker")

LOOK_EVERY_SECONDS = 0.2
# After a bank that could not be opened.
OPEN_AGAIN_SECONDS = 5.0
# For letting go of what is left when the time for a stop is over.
LET_GO_SECONDS_MAX = 2.0


async def run(workplace: Workplace, stopping: asyncio.Event) -> None:
    """Pays what is due until a stop is asked for, then finishes what is at the bank. Raises Unavailable.

    Without a bank withdrawals stay as they are. Cancelled, it leaves what has no answer to be asked about.
    """
    is_told = False
    while not stopping.is_set():
        try:
            async with open_bank(workplace.settings) as bank:
                if bank is not None:
                    await Payer(workplace, bank).run(stopping)
                    return
            log.warning("No bank is set (PURSER_BANK or PURSER_BANK_URL): withdrawals wait")
            await stopping.wait()
        except AdapterError as wrong:
            log.error("%s Withdrawals wait.", wrong)
            await stopping.wait()
        except BankNotOpened as away:
            if not is_told:
                log.error("%s It is tried again, and withdrawals wait.", away)
            is_told = True
            await pause(stopping, OPEN_AGAIN_SECONDS)


class Payer:
    """Carries up to `withdrawal_concurrency` withdrawals on at the same time, each in a task of its own."""

    def __init__(self, workplace: Workplace, bank: Bank) -> None:
        settings = workplace.settings
        self._bank = bank
        self._ledger = workplace.ledger
        self._claims = Claims(workplace.pool, workplace.lane, settings.withdrawal_seconds_max)
        self._places = settings.withdrawal_concurrency
        self._attempts_max = settings.withdrawal_attempts_max
        self._call_seconds_max = settings.withdrawal_seconds_max
        # What is to be written at once leaves connections of the pool to the other duties.
        self._writing = asyncio.Semaphore(max(1, settings.database_pool_max // 2))
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._is_answering = True

    async def run(self, stopping: asyncio.Event) -> None:
        """Until a stop is asked for and the calls under way have ended. Raises Unavailable."""
        try:
            try:
                await self._claim_until(stopping)
            except Unavailable:
                # What is at the bank is no worse for it.
                await self._finish()
                raise
            await self._finish()
        finally:
            await self._let_go()

    async def _claim_until(self, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                free = self._places - len(self._under_way)
                if free == 0:
                    await asyncio.wait({stop, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
                    continue
                # From before the claim: the call is over before the attempt is, whatever the clocks say.
                deadline = loop.time() + self._call_seconds_max
                claims = await self._claims.claim(free)
                for claim in claims:
                    task = asyncio.create_task(self._carry_on(claim, deadline))
                    self._under_way[task] = claim
                    task.add_done_callback(self._under_way.pop)
                if len(claims) < free:
                    await pause(stopping, LOOK_EVERY_SECONDS)
        finally:
            stop.cancel()

    async def _finish(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _let_go(self) -> None:
        """What is left here was cancelled: others shall ask about it at once."""
        left = dict(self._under_way)
        if not left:
            return
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=LET_GO_SECONDS_MAX)
        unsure = [claim for task, claim in left.items() if not task.done() or task.cancelled()]
        # Where the database is away they find out when the claims have lapsed.
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LET_GO_SECONDS_MAX):
                await self._claims.ask_again(unsure, NO_ANSWER, 0)

    async def _carry_on(self, claim: Claim, deadline: float) -> None:
        """Calls the bank, and does what follows. What fails here is taken up again when the claim has lapsed."""
        try:
            with span("withdrawal", _named(claim)):
                await self._call_and_write_down(claim, deadline)
        except (Unavailable, Overloaded) as away:
            log.warning("A withdrawal waits for its claim to lapse (%s)", type(away).__name__)
        except Exception:
            log.exception("A withdrawal waits for its claim to lapse")

    async def _call_and_write_down(self, claim: Claim, deadline: float) -> None:
        called_at = time.perf_counter()
        answer = Answer(Result.PAID) if claim.was_paid else await self._call(claim, deadline)
        called_seconds = time.perf_counter() - called_at
        said = NO_ANSWER if answer is None else f"{answer.result}: {answer.reason}".removesuffix(": ")
        async with self._writing:
            what_follows = await self._write_down(claim, answer, said)
        _tell(claim, answer, what_follows, called_seconds)

    async def _write_down(self, claim: Claim, answer: Answer | None, said: str) -> Next:
        what_follows = conclude(claim, answer, self._attempts_max)
        match what_follows:
            case Next.SETTLE_AS_PAID:
                await self._settle(claim, said, is_paid=True)
            case Next.SETTLE_AS_NOT_PAID:
                await self._settle(claim, said, is_paid=False)
            case Next.PAY_AGAIN:
                # Jitter, so that what failed together does not come back together.
                pause_seconds = seconds_to_next_attempt(claim.attempt) * random.uniform(0.75, 1.25)  # noqa: S311
                await self._claims.pay_again(claim, said, pause_seconds)
            case Next.ASK_AGAIN:
                await self._claims.ask_again([claim], said, seconds_to_next_question(claim))
        count_attempt(claim, what_follows)
        return what_follows

    async def _call(self, claim: Claim, deadline: float) -> Answer | None:
        """The bank's answer, None where there was none."""
        if asyncio.get_running_loop().time() >= deadline:
            # This process was held up since the claim. A time-out alone would let the call begin.
            return None
        asked_at = time.perf_counter()
        told: Attributes = {"purser.call": claim.call}
        with span(f"bank {claim.call}", told, "CLIENT"):
            answer = await self._ask_bank(claim, deadline)
            told["purser.result"] = NO_ANSWER if answer is None else answer.result.value
            if answer is None:
                told["error.type"] = NO_ANSWER
        count_call(claim, answer, time.perf_counter() - asked_at)
        return answer

    async def _ask_bank(self, claim: Claim, deadline: float) -> Answer | None:
        reference = f"purser-{claim.operation_id.hex}"
        try:
            async with asyncio.timeout_at(deadline):
                if claim.is_new:
                    amount = decimal_text(claim.amount_minor, claim.exponent)
                    answer = await self._bank.pay(
                        Payment(reference, claim.destination, amount, claim.currency, claim.not_after)
                    )
                else:
                    answer = await self._bank.ask(reference)
            # An adapter is anybody's: what is no result is no answer.
            answer = Answer(Result(answer.result), escaped(str(answer.reason)))
        except BaseException as silence:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            if self._is_answering:
                log.warning("The bank does not answer (%s)", type(silence).__name__)
            self._is_answering = False
            return None
        self._is_answering = True
        return answer

    async def _settle(self, claim: Claim, said: str, *, is_paid: bool) -> None:
        """Posts the bank's last word, once: whoever comes second finds it posted."""
        if not claim.was_paid:
            await self._claims.end_attempt(claim, said)
        earlier = await self._ledger.reads.earlier(claim.operation_id, claim.account_id)
        assert earlier is not None
        outcome = await self._ledger.submit(
            SettleWithdrawal(claim.account_id, earlier, is_paid, attempts=claim.attempt)
        )
        if is_paid and outcome.rejection is not None:
            view = (await self._ledger.reads.withdrawals([claim.operation_id]))[claim.operation_id]
            if view.state != "SUCCEEDED":
                fields = {"operation_id": claim.operation_id, "state": view.state}
                log.error("The bank has paid what was given back", extra={"fields": fields})


def _named(claim: Claim) -> Attributes:
    return {"purser.operation_id": str(claim.operation_id), "purser.attempt": claim.attempt}


def _tell(claim: Claim, answer: Answer | None, what_follows: Next, called_seconds: float) -> None:
    """What the bank gave as its reason is not in it: its words may quote where the money goes."""
    fields = {
        "operation_id": claim.operation_id,
        "account_id": claim.account_id,
        "attempt": claim.attempt,
        "call": claim.call,
        "result": NO_ANSWER if answer is None else answer.result,
        "outcome": what_follows,
        "duration_ms": round(called_seconds * 1000, 2),
    }
    # Asked again and again, it is unknown once.
    is_news = claim.is_new or what_follows is not Next.ASK_AGAIN
    log.log(logging.INFO if is_news else logging.DEBUG, "withdrawal", extra={"fields": fields})
