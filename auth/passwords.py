"""Hashing passwords, off the event loop and never more of it at once than the machine can bear.

Argon2id with 19 MiB, two passes and one lane, as OWASP's password storage cheat sheet has it.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from passlib.hash import argon2

from auth.errors import Overloaded
from auth.password_rules import is_hashable

# At some 25 ms each and two at a time, the last in a full queue waits well under a second.
WAITING_MAX = 50
WAIT_SECONDS_MAX = 10.0

_ARGON2ID: Any = argon2.using(type="ID", memory_cost=19 * 1024, time_cost=2, parallelism=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password was right, and if it was and its hash is of an older kind, the new hash."""

    correct: bool
    new_hash: str | None = None


class PasswordHasher:
    """The one place where passwords are hashed; it owns its threads until `close`.

    Every method raises `Overloaded` at once when too many are waiting already: a flood of log-ins
    then costs the guests of this process nothing but the `threads` it was given.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password-hash")
        self._pending = 0
        self._pending_max = threads + WAITING_MAX
        # What an unknown e-mail is checked against, so that it takes the time of a known one.
        self._dummy_hash: str = _ARGON2ID.hash(secrets.token_urlsafe())

    def close(self) -> None:
        """Drops what still waits; what runs ends by itself within some 25 ms."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """The PHC string to store. The rules for passwords must hold already."""
        return await self._run(lambda: _hash(password))

    async def verify(self, password: str, stored_hash: str | None) -> Verdict:
        """Is it the password of that hash? Without a hash: no, after just as long."""
        known = stored_hash is not None
        against = stored_hash if stored_hash is not None else self._dummy_hash
        verdict = await self._run(lambda: _verify(password, against))
        return verdict if known else Verdict(correct=False)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._pending_max:
            raise Overloaded
        self._pending += 1
        # A caller who leaves takes the work along, unless a thread has begun it.
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        future.add_done_callback(self._forget)
        try:
            return await asyncio.wait_for(future, WAIT_SECONDS_MAX)
        except TimeoutError:
            raise Overloaded from None

    def _forget(self, _future: asyncio.Future[T]) -> None:
        self._pending -= 1


def hash_with_salt(password: str, salt: bytes) -> str:
    """The PHC string of a password that is no secret: the same one for the same salt. Takes some 25 ms."""
    return str(_ARGON2ID.using(salt=salt).hash(_canonical(password)))


def _canonical(password: str) -> str:
    # Keyboards differ in how they compose what looks the same (NIST SP 800-63B, section 3.1.1.2).
    return unicodedata.normalize("NFKC", password)


def _hash(password: str) -> str:
    return str(_ARGON2ID.hash(_canonical(password)))


def _verify(password: str, stored_hash: str) -> Verdict:
    if not is_hashable(password):
        # It can't be anyone's; some text is hashed all the same, for the time that takes.
        _ARGON2ID.verify("", stored_hash)
        return Verdict(correct=False)
    if not _ARGON2ID.verify(_canonical(password), stored_hash):
        return Verdict(correct=False)
    renewed = _hash(password) if _ARGON2ID.needs_update(stored_hash) else None
    return Verdict(correct=True, new_hash=renewed)
