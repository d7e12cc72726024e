"""Hashing: the right parameters, in threads, bounded, and as slow for nobody as for somebody."""

import asyncio
import statistics
import time
from collections.abc import Iterator

import pytest
from passlib.hash import argon2

from auth.errors import Overloaded
from auth.passwords import WAITING_MAX, PasswordHasher

PASSWORD = "correct horse battery"


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(threads=2)
    yield hasher
    hasher.close()


async def test_hashes_are_argon2id_with_the_recommended_parameters(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await hasher.hash(PASSWORD)


async def test_the_right_password_alone_is_right(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    assert (await hasher.verify(PASSWORD, stored)).correct
    for wrong in ["", PASSWORD.upper(), PASSWORD + " ", PASSWORD + "\0", "x\ud800", "x" * 200_000]:
        assert not (await hasher.verify(wrong, stored)).correct


async def test_a_password_is_the_same_however_its_accents_are_typed(hasher: PasswordHasher) -> None:
    stored = await hasher.hash("caf\u00e9 au lait")
    assert (await hasher.verify("cafe\u0301 au lait", stored)).correct


async def test_the_longest_password_can_be_hashed(hasher: PasswordHasher) -> None:
    # One character that becomes eighteen when normalized.
    longest = "\ufdfa" * 128
    assert (await hasher.verify(longest, await hasher.hash(longest))).correct


async def test_an_old_hash_is_renewed_on_the_right_password_only(hasher: PasswordHasher) -> None:
    old = argon2.using(type="ID", memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD)
    assert (await hasher.verify("wrong", old)).new_hash is None
    renewed = (await hasher.verify(PASSWORD, old)).new_hash
    assert renewed is not None
    verdict = await hasher.verify(PASSWORD, renewed)
    assert verdict.correct
    assert verdict.new_hash is None


async def test_an_unknown_account_takes_the_time_of_a_wrong_password(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)

    async def seconds(against: str | None) -> float:
        start = time.perf_counter()
        assert not (await hasher.verify("wrong password", against)).correct
        return time.perf_counter() - start

    pairs = [(await seconds(stored), await seconds(None)) for _ in range(15)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2


async def test_nobody_logs_in_by_the_dummy_hash(hasher: PasswordHasher) -> None:
    assert not (await hasher.verify("", None)).correct
    hasher._dummy_hash = await hasher.hash(PASSWORD)
    assert not (await hasher.verify(PASSWORD, None)).correct


async def test_a_flood_is_refused_at_once_and_the_loop_stays_free(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    flood = [asyncio.create_task(hasher.verify("guess", stored)) for _ in range(WAITING_MAX + 50)]
    await asyncio.sleep(0)
    start = time.perf_counter()
    with pytest.raises(Overloaded):
        await hasher.verify("guess", stored)
    assert time.perf_counter() - start < 0.5  # of the second and more that the flood takes
    longest_pause = 0.0
    while not all(task.done() for task in flood):
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest_pause = max(longest_pause, time.perf_counter() - before)
    refused = sum(isinstance(task.exception(), Overloaded) for task in flood)
    assert refused == 48
    assert longest_pause < 1
    assert (await hasher.verify(PASSWORD, stored)).correct


async def test_callers_who_leave_give_their_place_back(hasher: PasswordHasher) -> None:
    flood = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(WAITING_MAX + 2)]
    await asyncio.sleep(0)
    for task in flood:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
    # Those that run end by themselves; their places are free after that.
    again = [hasher.hash(PASSWORD) for _ in range(WAITING_MAX)]
    assert len(await asyncio.gather(*again)) == WAITING_MAX
