"""What docs/operating.md says of going back to a backup, where the bank has gone on meanwhile."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.client import Api
from tests.ledger.invariants import assert_invariants
from tests.operating.backups import commands, operator_in
from tests.running import running_service
from tests.service.scene import log_in
from tests.workers.banks import running_bank

DUMP, RESTORE = commands("### A dump")[0], commands("### From a dump")[1]
(REFERENCES,) = re.findall(
    r'^   ("\$tools/psql" "\$restored".*)$',
    (Path(__file__).parents[2] / "docs/operating.md").read_text(),
    re.MULTILINE,
)
OWNER = "going-back@example.com"
SECONDS_MAX = 60


async def until_paid(owner: Api, withdrawal: str) -> None:
    give_up_at = time.monotonic() + SECONDS_MAX
    while (await owner.operation(withdrawal))["status"] != "SUCCEEDED":
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.1)


async def withdraw(owner: Api, wallet: str, amount: str) -> str:
    withdrawn = await owner.withdraw(wallet, amount, idempotencyKey=f"withdraw-{amount}")
    operation: dict[str, Any] = withdrawn["operation"]
    return str(operation["id"])


def reference_of(withdrawal: str) -> str:
    return f"purser-{withdrawal.removeprefix('op_')}"


async def test_what_the_bank_has_paid_is_paid_once(tmp_path: Path) -> None:
    operator = operator_in(tmp_path)
    with running_bank(tmp_path, success_rate=1) as bank:
        settings = {"PURSER_BANK_URL": bank.url, "PURSER_WITHDRAWAL_SECONDS_MAX": "5"}
        with running_service(tmp_path, workers=1, settings=settings) as service:
            async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
                owner = await Api(http).sign_up_client(email=OWNER)
                wallet = (await owner.create_wallet())["token"]
                await owner.deposit(wallet, "100.00")
                bank.kill()
                before = await withdraw(owner, wallet, "10.00")
                await asyncio.to_thread(operator.types, DUMP)
                bank.start()
                since = await withdraw(owner, wallet, "20.00")
                await until_paid(owner, before)
                await until_paid(owner, since)
        (dump,) = (tmp_path / "backups").iterdir()
        assert operator.types(f"dump={dump}", RESTORE).startswith("All is well: ")
        (tmp_path / "data").rename(tmp_path / "lost")
        (tmp_path / "restored").rename(tmp_path / "data")

        settings |= {"PURSER_SECRET_KEY": "another-secret-for-tests-alone-0123456789"}
        with running_service(tmp_path, workers=1, settings=settings) as service:
            async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
                assert (await Api(http, owner.token).ask("{ viewer { id } }")).error_codes == [
                    "UNAUTHENTICATED"
                ]
                owner = await log_in(Api(http), OWNER)
                # What the ledger knew is settled by the bank's word.
                await until_paid(owner, before)
                known = set(operator.types(f"restored='{service.dsn}'", REFERENCES).split())
                (unheard,) = [paid for paid in bank.payments() if paid["reference"] not in known]
                assert (unheard["reference"], unheard["amount"]) == (reference_of(since), "20.00")
                assert (await owner.wallet(wallet))["balance"]["amount"] == "90.00"
                # What it never heard of is booked by hand.
                books = await Api(http).sign_up_company(name="Corrections")
                await books.create_wallet()
                for _ in ("once", "again"):
                    booked = await books.charge(
                        wallet, unheard["amount"], idempotencyKey=unheard["reference"]
                    )
                assert booked["replayed"]
                assert (await owner.wallet(wallet))["balance"]["amount"] == "70.00"
            assert sorted(paid["reference"] for paid in bank.payments()) == sorted(
                map(reference_of, (before, since))
            )
            connection = await asyncpg.connect(service.dsn)
            await assert_invariants(connection)
            await connection.close()
