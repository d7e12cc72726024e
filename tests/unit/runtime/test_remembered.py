"""An answer is found out once for all who ask, whoever of them goes away."""

import asyncio

import pytest

from runtime.remembered import Remembered


class Question:
    """Answers when told to, with how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def find(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        return self.asked


async def test_who_asks_meanwhile_shares_the_answer_and_may_go_away() -> None:
    question = Question()
    remembered = Remembered(question.find, 60.0)
    first, second = (asyncio.create_task(remembered.answer()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    question.may_answer.set()
    assert await second == await remembered.answer() == question.asked == 1


async def test_it_is_found_out_again_afterwards() -> None:
    question = Question()
    question.may_answer.set()
    remembered = Remembered(question.find, 0.0)
    assert [await remembered.answer() for _ in range(2)] == [1, 2]


async def test_a_failure_is_not_remembered() -> None:
    answers = iter([1])

    async def find() -> int:
        if question.asked:
            return next(answers)
        question.asked += 1
        raise LookupError

    question = Question()
    remembered = Remembered(find, 60.0)
    with pytest.raises(LookupError):
        await remembered.answer()
    assert await remembered.answer() == 1
