"""The database roles of docs/security.md: with theirs the API does all that it does, and can't rewrite a history."""

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from runtime.embedded import EmbeddedServer
from runtime.postgresql_binaries import program
from tests.client import PASSWORD, Api
from tests.docs.examples import EXAMPLES, blocks, needs_curl
from tests.docs.tables import ROOT
from tests.operating.commands import purser
from tests.running import running_service
from tests.service.shop import Shop, open_shop

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ADMINISTRATOR = f"administrator-{secrets.token_hex(6)}@example.com"


@dataclass(frozen=True, slots=True)
class Installation:
    """A service whose API has one role, and whose worker and migrations have the other."""

    url: str
    api_dsn: str


def psql(dsn: str, *words: str) -> None:
    command = [program("psql"), dsn, "--set=ON_ERROR_STOP=1", "--quiet", *words]
    subprocess.run(command, check=True, timeout=60)


@contextmanager
def worker(dsn: str, folder: Path) -> Iterator[None]:
    environment = {**os.environ, "PURSER_DATABASE_URL": dsn}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "worker"], env=environment, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Made by the commands of the page."""
    folder = tmp_path_factory.mktemp("roles")
    with EmbeddedServer(folder / "server") as server:
        (making,) = blocks(PAGE, "sql")
        # The embedded server has a database of that name already.
        for statement in making.replace("DATABASE purser", "DATABASE shop").split(";\n"):
            psql(server.dsn, "-c", statement)
        owner, api = (
            server.dsn.replace("purser@/purser?", f"{role}@/shop?") for role in ("purser_owner", "purser_api")
        )
        purser("migrate", PURSER_DATABASE_URL=owner)
        purser("partitions", "list", PURSER_DATABASE_URL=owner)
        psql(owner, "--single-transaction", f"--file={ROOT / 'deploy' / 'roles.sql'}")
        purser("create-admin", "--password-stdin", ADMINISTRATOR, input=PASSWORD, PURSER_DATABASE_URL=owner)
        settings = {"PURSER_DATABASE_URL": api, "PURSER_AUTO_MIGRATE": "false"}
        with (
            worker(owner, folder),
            running_service(folder, workers=1, settings=settings) as service,
        ):
            yield Installation(service.url, api)
            assert "InsufficientPrivilege" not in service.log.read_text()


@pytest.fixture
async def shop(installation: Installation) -> AsyncIterator[Shop]:
    async with httpx.AsyncClient(base_url=installation.url, timeout=20) as http:
        yield await open_shop(Api(http), "USD", "10.00")


@needs_curl
@pytest.mark.parametrize("name", ["every_way.sh", "reports.sh"])
def test_the_examples_run(name: str, installation: Installation) -> None:
    environment = {"PURSER_ADMIN_EMAIL": ADMINISTRATOR, "PURSER_ADMIN_PASSWORD": PASSWORD}
    subprocess.run(
        [EXAMPLES / name, installation.url], env={**os.environ, **environment}, check=True, timeout=120
    )


async def test_what_else_the_api_writes(shop: Shop) -> None:
    queued = await shop.charge("1.00", queued=True, idempotencyKey="queued")
    assert queued["operation"]["status"] == "PENDING"
    withdrawn = await shop.client.withdraw(shop.purse["token"], "1.00")
    cancelled = await shop.client.cancel_withdrawal(withdrawn["operation"]["id"])
    assert cancelled["userErrors"] == []
    assert (await shop.client.change("renameWallet", wallet=shop.purse["token"], name="Lunch"))[
        "userErrors"
    ] == []
    assert (await shop.client.change("rotateWalletToken", wallet=shop.purse["token"]))["userErrors"] == []
    leaving = await Api(shop.client.http).sign_up_client()
    for mutation in (
        f'changePassword(input: {{currentPassword: "{PASSWORD}", newPassword: "another-horse-9"}})',
        'deleteAccount(input: {password: "another-horse-9"})',
    ):
        answer = await leaving.ask(f"mutation {{ {mutation} {{ userErrors {{ code }} }} }}")
        assert [*answer.data.values()] == [{"userErrors": []}]
    wrong = 'mutation { logIn(input: {email: "nobody@example.com", password: "x"}) { userErrors { code } } }'
    assert (await shop.client.ask(wrong)).data["logIn"]["userErrors"] == [{"code": "BAD_CREDENTIALS"}]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount = 0",
        "DELETE FROM entries",
        "DELETE FROM operations",
        "DELETE FROM idempotency_keys",
        "UPDATE rates SET rate = 2",
        "TRUNCATE wallets",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "DROP TABLE shares",
        "CREATE TABLE mine ()",
        "INSERT INTO withdrawal_attempts DEFAULT VALUES",
        "SET session_replication_role = replica",
    ],
)
async def test_what_the_api_may_not(statement: str, installation: Installation) -> None:
    connection = await asyncpg.connect(installation.api_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
