"""Everyone who may ask for something of the client `owner`'s, and what there is to ask for."""

import re
from dataclasses import dataclass

from tests.client import PASSWORD, Answer, Api
from tests.service.access import Reader
from tests.service.shop import refusal, succeeded

VARIABLE_TYPES = {"token": "WalletToken!"} | dict.fromkeys(
    ("account", "company", "administrator", "wallet", "operation", "refused"), "ID!"
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


async def set_scene(anyone: Api, administrator: str) -> Scene:
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
    await owner.create_wallet()
    wallet = await owner.create_wallet(name="Purse", country="Utopia", city="Amaurot")
    assert succeeded(await owner.deposit(wallet["token"], "10"))
    charged = await company.charge(wallet["token"], "4")
    refused = await company.charge(wallet["token"], "100")
    assert refusal(refused)[0] == "INSUFFICIENT_FUNDS"
    await owner.deposit(wallet["token"], "1")
    await owner.create_wallet()
    wallets = await _cursors(owner, "wallets { edges { cursor } }")
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
    }
    for name, reader in (
        ("account", Reader.OWNER),
        ("company", Reader.CHARGED_BY),
        ("administrator", Reader.ADMIN),
    ):
        variables[name] = (await apis[reader].ask("{ viewer { id } }")).data["viewer"]["id"]
    return Scene(apis, emails, wallet["token"], till["token"], variables)


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
