"""All that accounts need while the service runs, owned in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from auth.accounts import Accounts
from auth.authentication import Authenticator
from auth.directory import Directory
from auth.export_links import ExportLinks
from auth.passwords import PasswordHasher
from auth.sessions import Sessions
from auth.signing import Keys
from auth.throttle import Throttle
from auth.tokens import Tokens
from runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Auth:
    """What the rest of the service asks: who is it, and what may be done with an account."""

    accounts: Accounts
    authenticator: Authenticator
    export_links: ExportLinks
    directory: Directory

    @staticmethod
    @asynccontextmanager
    async def open(settings: Settings, pool: asyncpg.Pool) -> AsyncIterator["Auth"]:
        """Runs the threads and tasks of accounts while entered; pool and Tortoise stay the caller's."""
        hasher = PasswordHasher(settings.hash_concurrency)
        sessions = Sessions(pool)
        throttle = Throttle(pool)
        secrets = settings.secret_key.split(",")
        tokens = Tokens(secrets)
        lifetime = timedelta(hours=settings.token_expiration_hours)
        sessions.open()
        throttle.open()
        try:
            accounts = Accounts(hasher, tokens, sessions, throttle, lifetime, pool)
            yield Auth(
                accounts,
                Authenticator(tokens, sessions),
                ExportLinks(Keys(secrets), sessions),
                Directory(pool),
            )
        finally:
            await throttle.close()
            await sessions.close()
            hasher.close()
