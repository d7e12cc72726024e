"""The model: what it is asked, it answers as the ledger must."""

import copy
from dataclasses import dataclass, field
from fractions import Fraction

from ledger.rejections import ErrorCode
from tests.ledger.model.asking import Asked, Expected, Shown
from tests.ledger.model.books import ModelBooks, ModelOperation, ModelWallet
from tests.ledger.model.later import accept, cancel, carry_out, settle, withdraw
from tests.ledger.model.moving import Result, end, execute

# Out of a wallet of the caller's; all others come in.
OUTGOING = ("TRANSFER", "REFUND", "WITHDRAWAL")


@dataclass(slots=True)
class Model:
    """All wallets, operations and keys of one test."""

    books: ModelBooks = field(default_factory=ModelBooks)
    # (account, key) -> the first request with it, what it was answered, and its number.
    keys: dict[tuple[int, str], tuple[Asked, Expected, int]] = field(default_factory=dict)
    asked_count: int = 0

    def open_wallet(self, owner: int, currency: str) -> None:
        siblings = [wallet for wallet in self.books.wallets if wallet.owner == owner]
        is_only_one = all(wallet.status == "CLOSED" for wallet in siblings)
        if not is_only_one:
            for wallet in siblings:
                wallet.only_one = False
        self.books.wallets.append(ModelWallet(len(self.books.wallets), owner, currency, is_only_one))

    def set_rate(self, currency: str, rate: Fraction) -> None:
        self.books.rates[currency] = rate

    def time_comes(self, number: int) -> None:
        """What that operation set aside is over."""
        hold = self.books.operations[number].hold
        if hold is not None and hold.is_open:
            end(self.books, hold)

    def is_sent(self, number: int) -> None:
        """A worker has taken that withdrawal to the bank."""
        self.books.operations[number].bank_state = "SENT"

    def settle(self, number: int, *, is_paid: bool) -> Expected:
        """What a worker is answered that tells what the bank said."""
        return self._recorded(settle(self.books, number, is_paid=is_paid))

    def carry_out(self) -> int:
        """The first of the queue is done; its number."""
        return carry_out(self.books)

    def ask(self, asked: Asked) -> Expected:
        """What the ledger must answer, and the model changed accordingly."""
        number, self.asked_count = self.asked_count, self.asked_count + 1
        if asked.key is None:
            return self._execute(asked)
        first = self.keys.get((asked.account, asked.key))
        if first is None:
            expected = self._execute(asked)
            self.keys[asked.account, asked.key] = (asked, expected, number)
            return expected
        return self._replay(asked, *first)

    def ask_together(self, batch: list[Asked]) -> list[Expected]:
        """All of them, or none but the record of the one that was refused."""
        before, first_number = copy.deepcopy(self), self.asked_count
        answers = [self.ask(asked) for asked in batch]
        culprit = next((n for n, answer in enumerate(answers) if answer.code is not None), None)
        if culprit is None:
            return answers
        refused = answers[culprit]
        operation = None if refused.operation is None else self.books.operations[refused.operation]
        self.books, self.keys = before.books, before.keys
        answers = []
        for number, asked in enumerate(batch):
            owner = self.keys.get((asked.account, asked.key)) if asked.key is not None else None
            if owner is not None:
                answers.append(self._replay(asked, *owner))
                continue
            expected = Expected(ErrorCode.NOT_EXECUTED, None, None)
            if number == culprit:
                expected = Expected(refused.code, *self._record_again(operation))
            answers.append(expected)
            if asked.key is not None:
                self.keys[asked.account, asked.key] = (asked, expected, first_number + number)
        return answers

    def _record_again(self, operation: ModelOperation | None) -> tuple[int | None, Shown | None]:
        if operation is None:
            return None, None
        for name in {operation.source, operation.target} - {None}:
            self.books.wallets[name].sequence += 1  # type: ignore[index]
        self.books.operations.append(operation)
        return len(self.books.operations) - 1, self._shown(operation)

    def _execute(self, asked: Asked) -> Expected:
        if asked.is_queued:
            return self._recorded(accept(self.books, asked))
        if asked.kind == "WITHDRAWAL":
            return self._recorded(withdraw(self.books, asked))
        if asked.kind == "CANCEL":
            return self._recorded(cancel(self.books, asked))
        return self._recorded(execute(self.books, asked))

    def _recorded(self, result: Result) -> Expected:
        if isinstance(result, ErrorCode):
            return Expected(result, None, None)
        self.books.operations.append(result)
        # Who calls a withdrawal back is not refused.
        code = None if result.ends is not None else result.code
        return Expected(code, len(self.books.operations) - 1, self._shown(result))

    def _replay(self, asked: Asked, first: Asked, expected: Expected, number: int) -> Expected:
        if first.request != asked.request:
            return Expected(ErrorCode.IDEMPOTENCY_CONFLICT, None, None)
        shown = None if expected.operation is None else self._shown(self.books.operations[expected.operation])
        return Expected(expected.code, expected.operation, shown, replayed_request=number)

    def _shown(self, operation: ModelOperation) -> Shown | None:
        sides = [operation.target, operation.source]
        for name in reversed(sides) if operation.kind in OUTGOING else sides:
            if name is not None and self.books.wallets[name].owner == operation.account:
                return self.show(name)
        return None

    def show(self, name: int) -> Shown:
        """The wallet as it is now."""
        wallet = self.books.wallets[name]
        return Shown(name, wallet.balance, wallet.held, wallet.pending)
