"""How commands reach settings and database: whatever is wrong with either is told in a line."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click

from commandline.progress import progress
from commandline.results import Refused

if TYPE_CHECKING:
    import asyncpg

    from runtime.settings import Settings

Result = TypeVar("Result")

_ASK_WHERE = "Is it running, and is DATABASE_URL right?"


def load_settings() -> "Settings":
    """The settings of this process's environment; raises Refused, with a line for each that is wrong."""
    from runtime.settings import Settings, SettingsError

    try:
        return Settings.load()
    except SettingsError as refused:
        raise Refused("SETTINGS_WRONG", f"These settings are wrong:\n{refused}") from None


@contextmanager
def reach_database(settings: "Settings") -> Iterator[str]:
    """The DSN of the settings' database; the embedded one is started for this block where it is not running."""
    from runtime.embedded import reach
    from runtime.postgresql_binaries import EmbeddedServerError

    if settings.database_url is not None:
        yield settings.database_url
        return
    try:
        with reach(settings.data_dir) as dsn:
            yield dsn
    except EmbeddedServerError as refused:
        raise DatabaseUnusable(str(refused)) from None


def check_database(settings: "Settings", dsn: str) -> None:
    """Raises ClickException where the schema is not this code's, or settings name what the database lacks."""
    import asyncio

    from ledger.currencies import settings_problems
    from runtime.current import current_connection
    from runtime.database import STATEMENT_SECONDS_MAX

    async def check() -> list[str]:
        async with current_connection(dsn, statement_seconds_max=STATEMENT_SECONDS_MAX) as connection:
            return await settings_problems(connection, settings)

    if problems := on_database(lambda: asyncio.run(check())):
        raise click.ClickException("\n".join(problems))


def on_connection(work: Callable[["asyncpg.Connection"], Awaitable[Result]]) -> Result:
    """Runs an operator's work on a connection to the database of the settings, whose schema must be current."""
    import asyncio

    from runtime.current import current_connection
    from runtime.database import OPERATOR_SETTINGS

    async def run(dsn: str) -> Result:
        async with current_connection(dsn, settings=OPERATOR_SETTINGS) as connection:
            return await work(connection)

    with reach_database(load_settings()) as dsn:
        return on_database(lambda: asyncio.run(run(dsn)))


def running_database(settings: "Settings") -> str:
    """The DSN of the settings' database; raises ClickException where that is the embedded one, and not running."""
    from runtime.embedded import running_dsn

    dsn = settings.database_url or running_dsn(settings.data_dir)
    if dsn is None:
        raise click.ClickException(
            f"No `purser serve` runs on {settings.data_dir}; it runs a worker of its own. For another PostgreSQL set "
            "DATABASE_URL."
        )
    return dsn


def upgrade(dsn: str) -> list[str]:
    """Brings the schema up to date and returns what was applied."""
    from runtime import migrations

    with progress("Bringing the schema up to date"):
        return on_database(partial(migrations.upgrade, dsn))


def on_database(work: Callable[[], Result]) -> Result:
    """What `work` returns; raises Refused where the database is away or refuses, or its schema is not this code's."""
    from runtime.current import SchemaNotCurrent
    from runtime.database import TROUBLE

    try:
        return work()
    except SchemaNotCurrent:
        message = "The database's schema is not current: run `purser migrate`."
        raise Refused("SCHEMA_NOT_CURRENT", message) from None
    except (*TROUBLE, ValueError, OverflowError) as refused:  # the last two are for a URL that makes no sense
        raise unusable(refused) from None


class DatabaseUnusable(Refused):
    """What an operator is told of a database that is away or refuses."""

    def __init__(self, message: str) -> None:
        super().__init__("DATABASE_UNUSABLE", message)


def unusable(reason: Exception) -> DatabaseUnusable:
    """What an operator is told where that was raised."""
    return DatabaseUnusable(f"The database can't be used: {_tell(reason)}")


def _tell(reason: Exception) -> str:
    import asyncpg

    if isinstance(reason, ValueError | OverflowError):
        return f"{reason}. Is DATABASE_URL right?"
    if isinstance(reason, TimeoutError):
        return f"it does not answer. {_ASK_WHERE}"
    # What asyncpg says of a connection that was cut depends on where it noticed.
    cut = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)
    if isinstance(reason, (*cut, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionResetError)):
        return "it went away in the middle. Try again once it is back; its own log may say why."
    if isinstance(
        reason, (OSError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
    ):
        return f"{reason}. {_ASK_WHERE}"
    return str(reason) or type(reason).__name__
