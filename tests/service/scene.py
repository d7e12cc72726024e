"""Everyone who may ask for something of the client `owner`'s, and what there is to ask for."""

import base64
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.client import PASSWORD, Answer, Api
from tests.ledger.sending import send, try_later
from tests.service.access import Reader
from tests.service.rates import new_currency
from tests.service.shop import refusal, succeeded

OPERATIONS = (
    "operation",
    "refused",
    "converted",
    "pending",
    "authorization",
    "split",
    "refund",
    "withdrawal",
)
DELETE = (
    "mutation ($password: String!) { deleteAccount(input: { password: $password }) { userErrors { code } } }"
)
VARIABLE_TYPES = {"token": "WalletToken!"} | dict.fromkeys(
    ("account", "company", "administrator", "deleted", "wallet", *OPERATIONS), "ID!"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everyone who asks, and what there is to ask for."""

    apis: dict[Reader, Api]
    emails: dict[Reader, str]
    wallet_token: str
    till_token: str
    variables: dict[str, str]

    async def ask(self, reader: Reader, selection: str) -> Answer:
        """The answer to a query of this selection, with the variables that it uses."""
        used = sorted(set(re.findall(r"\$(\w+)", selection)))
        declared = ", ".join(f"${name}: {VARIABLE_TYPES.get(name, 'String')}" for name in used)
        query = f"query ({declared}) {{ {selection} }}" if used else f"{{ {selection} }}"
        return await self.apis[reader].ask(query, **{name: self.variables[name] for name in used})


async def set_scene(anyone: Api, administrator: str, dsn: str) -> Scene:
    """A charge between the owner and a company; `administrator` is the e-mail of one."""
    emails = {reader: f"{reader.name.lower()}-{id(anyone)}@example.com" for reader in Reader}
    emails[Reader.ADMIN] = administrator
    apis = {
        Reader.ANONYMOUS: anyone,
        Reader.CLIENT: await anyone.sign_up_client(email=emails[Reader.CLIENT]),
        Reader.COMPANY: await anyone.sign_up_company(email=emails[Reader.COMPANY]),
        Reader.CHARGED_BY: await anyone.sign_up_company(email=emails[Reader.CHARGED_BY]),
        Reader.OWNER: await anyone.sign_up_client(email=emails[Reader.OWNER]),
        Reader.ADMIN: await log_in(anyone, administrator),
    }
    owner, company = apis[Reader.OWNER], apis[Reader.CHARGED_BY]
    till = await company.create_wallet()
    other = await owner.create_wallet()
    wallet = await owner.create_wallet(name="Purse", country="Utopia", city="Amaurot")
    assert succeeded(await owner.deposit(wallet["token"], "10"))
    charged = await company.charge(wallet["token"], "4")
    refused = await company.charge(wallet["token"], "100")
    assert refusal(refused)[0] == "INSUFFICIENT_FUNDS"
    await owner.deposit(wallet["token"], "1")
    await owner.create_wallet()
    more = await _play_on(Scene(apis, emails, wallet["token"], till["token"], {}), other["token"], charged)
    wallets = await _cursors(owner, "wallets { edges { cursor } }")
    await _try_later(dsn, more["withdrawal"])
    operations = await _cursors(owner, "operations(orderBy: OLDEST_FIRST) { edges { cursor } }")
    entries = await _cursors(
        owner, f'wallet(id: "{wallet["id"]}") {{ history(orderBy: OLDEST_FIRST) {{ edges {{ cursor }} }} }}'
    )
    variables = {
        "token": wallet["token"],
        "wallet": wallet["id"],
        "operation": charged["operation"]["id"],
        "refused": refused["operation"]["id"],
        "walletBefore": wallets[0],
        "walletAfter": wallets[2],
        "operationBefore": operations[0],
        "operationAfter": operations[3],
        "entryBefore": entries[0],
        "entryAfter": entries[3],
        # After all that happened here.
        "newest": _cursor_of("o", more["pending"], plus=1),
        "email": emails[Reader.OWNER],
        "deleted": await _deleted_account(anyone),
        **more,
    }
    for name, reader in (
        ("account", Reader.OWNER),
        ("company", Reader.CHARGED_BY),
        ("administrator", Reader.ADMIN),
    ):
        variables[name] = (await apis[reader].ask("{ viewer { id } }")).data["viewer"]["id"]
    for name, plus in (("accountBefore", -1), ("accountAfter", 1)):
        variables[name] = _cursor_of("a", variables["account"], plus=plus)
    return Scene(apis, emails, wallet["token"], till["token"], variables)


async def _play_on(scene: Scene, other_token: str, charged: Any) -> dict[str, str]:
    """One operation more of each kind that shows something of its own."""
    owner, company = scene.apis[Reader.OWNER], scene.apis[Reader.CHARGED_BY]
    code = await new_currency(scene.apis[Reader.ADMIN], "2")
    purse = scene.wallet_token
    done = {
        "converted": await owner.deposit(purse, "1", currency=code),
        "authorization": await company.authorize(purse, "1"),
        "split": await company.charge(purse, "1", splits=[{"into": other_token, "amount": "0.25"}]),
        "refund": await company.refund(charged["operation"]["id"], amount="0.50"),
        "withdrawal": await owner.withdraw(purse, "1"),
        "pending": await owner.deposit(purse, "1", availableAt="2100-01-01T00:00:00Z"),
    }
    assert all(payload["userErrors"] == [] for payload in done.values()), done
    return {name: payload["operation"]["id"] for name, payload in done.items()}


async def _try_later(dsn: str, withdrawal: str) -> None:
    connection = await asyncpg.connect(dsn)
    withdrawal_id = UUID(hex=withdrawal.removeprefix("op_"))
    await send(connection, withdrawal_id)
    await try_later(connection, withdrawal_id)
    await connection.close()


async def _deleted_account(anyone: Api) -> str:
    client = await anyone.sign_up_client()
    await client.create_wallet()
    account_id: str = (await client.ask("{ viewer { id } }")).data["viewer"]["id"]
    assert (await client.ask(DELETE, password=PASSWORD)).data == {"deleteAccount": {"userErrors": []}}
    return account_id


def _cursor_of(mark: str, public_id: str, *, plus: int) -> str:
    """Where something stands right beside this in a list by id, whose cursors have that mark."""
    number = UUID(int=UUID(hex=public_id.partition("_")[2]).int + plus)
    return base64.urlsafe_b64encode(f"{mark}{number}".encode()).decode().rstrip("=")


async def log_in(anyone: Api, email: str) -> Api:
    """The account of that e-mail, in a new session."""
    answer = await anyone.ask(
        "mutation ($input: LogInInput!) { logIn(input: $input) { token } }",
        input={"email": email, "password": PASSWORD},
    )
    return Api(anyone.http, answer.data["logIn"]["token"])


async def _cursors(owner: Api, selection: str) -> list[str]:
    answer = await owner.ask(f"{{ {selection} }}")
    return re.findall(r"'cursor': '([^']+)'", str(answer.data))
