"""Turns are taken in order; who would wait for too long, or behind too many, is told so."""

import asyncio

import pytest

from runtime.turns import NoTurn, Turns


async def hold(turns: Turns, until: asyncio.Event) -> None:
    async with turns:
        await until.wait()


async def test_more_than_may_wait_are_turned_away_at_once() -> None:
    turns, done = Turns(2, waiting_max=1, wait_seconds_max=60), asyncio.Event()
    holding = [asyncio.create_task(hold(turns, done)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(NoTurn):
        async with asyncio.timeout(10):
            await hold(turns, done)
    done.set()
    await asyncio.gather(*holding)
    await hold(turns, done)


async def test_nobody_waits_for_too_long_and_no_turn_is_lost() -> None:
    turns, done = Turns(1, waiting_max=10, wait_seconds_max=0.05), asyncio.Event()
    holding = asyncio.create_task(hold(turns, done))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hold(turns, done)) for _ in range(3)]
    gone = asyncio.create_task(hold(turns, done))
    await asyncio.sleep(0)
    gone.cancel()
    told = await asyncio.gather(*waiting, gone, return_exceptions=True)
    assert [type(each) for each in told] == [NoTurn, NoTurn, NoTurn, asyncio.CancelledError]
    done.set()
    await holding
    for _ in range(2):
        await hold(turns, done)
