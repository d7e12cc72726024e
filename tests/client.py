"""A client of the API, as small as one that a user would write."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct-horse-9"

MONEY = """
  replayed
  operation {
    id kind status success failureCode summary createdAt rate
    amount { amount currency } debited { amount currency } credited { amount currency } refunded { amount currency }
    source { id } target { id }
  }
  wallet { id balance { amount currency } available { amount } held { amount } pending { amount } }
  userErrors { code message field }
"""
OPERATION = """
query ($id: ID!) { operation(id: $id) {
  id kind status rate availableAt
  amount { amount currency } debited { amount currency } credited { amount currency } refunded { amount currency }
  source { id token ownerName } target { id token ownerName }
  origin { id kind }
  splits { wallet { id token } amount { amount currency } credited { amount currency } }
  authorization {
    state expiresAt captured { amount currency } remaining { amount currency } held { amount currency }
  }
  withdrawal { state destination attempts { number startedAt endedAt result } }
} }
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP status and the JSON of an answer."""

    status: int
    body: Any

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def error_codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


class Api:
    """One account's view of the API; without a token, a stranger's."""

    def __init__(self, http: httpx.AsyncClient, token: str | None = None) -> None:
        self.http = http
        self.token = token

    async def ask(self, query: str, **variables: Any) -> Answer:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        return Answer(response.status_code, response.json())

    async def sign_up_client(self, **changes: str) -> "Api":
        """A new client; `changes` replace what is said of it."""
        details = {
            "email": f"client-{secrets.token_hex(6)}@example.com",
            "password": PASSWORD,
            "firstName": "Ada",
            "lastName": "Lovelace",
            "phoneNumber": "+4915112345678",
        } | changes
        return await self._sign_up("signUpClient", "SignUpClientInput", details)

    async def sign_up_company(self, **changes: str) -> "Api":
        """A new company; `changes` replace what is said of it."""
        details = {
            "email": f"company-{secrets.token_hex(6)}@example.com",
            "password": PASSWORD,
            "name": "Corner Shop",
            "url": "https://shop.example.com",
            "firstName": "Charles",
            "lastName": "Babbage",
            "phoneNumber": "+4915112345678",
        } | changes
        return await self._sign_up("signUpCompany", "SignUpCompanyInput", details)

    async def _sign_up(self, mutation: str, kind: str, details: dict[str, str]) -> "Api":
        answer = await self.ask(
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ token userErrors {{ code message }} }} }}",
            input=details,
        )
        payload = answer.data[mutation]
        assert payload["userErrors"] == []
        return Api(self.http, payload["token"])

    async def create_wallet(self, **asked: str) -> dict[str, Any]:
        """A new wallet: its id, token and currency."""
        answer = await self.ask(
            "mutation ($input: CreateWalletInput!) "
            "{ createWallet(input: $input) { wallet { id token currency } userErrors { code } } }",
            input=asked,
        )
        payload = answer.data["createWallet"]
        assert payload["userErrors"] == [], payload
        wallet: dict[str, Any] = payload["wallet"]
        return wallet

    async def deposit(self, wallet: str, amount: str, **more: Any) -> Any:
        return await self._move("deposit", "DepositInput", {"wallet": wallet, "amount": amount} | more)

    async def charge(self, wallet: str, amount: str, **more: Any) -> Any:
        asked = {"wallet": wallet, "amount": amount, "summary": "A coffee"} | more
        return await self._move("charge", "ChargeInput", asked)

    async def transfer(self, from_: str, to: dict[str, str], amount: str, **more: Any) -> Any:
        asked = {"from": from_, "to": to, "amount": amount} | more
        return await self._move("transfer", "TransferInput", asked)

    async def refund(self, charge: str, **more: Any) -> Any:
        return await self._move("refund", "RefundInput", {"operation": charge} | more)

    async def authorize(self, wallet: str, amount: str, **more: Any) -> Any:
        asked = {"wallet": wallet, "amount": amount, "summary": "A deposit for the bicycle"} | more
        return await self._move("authorize", "AuthorizeInput", asked)

    async def capture(self, authorization: str, **more: Any) -> Any:
        return await self._move("capture", "CaptureInput", {"authorization": authorization} | more)

    async def release(self, authorization: str, **more: Any) -> Any:
        return await self._move("release", "ReleaseInput", {"authorization": authorization} | more)

    async def withdraw(self, wallet: str, amount: str, **more: Any) -> Any:
        asked = {"wallet": wallet, "amount": amount, "destination": "NL91ABNA0417164300"} | more
        return await self._move("withdraw", "WithdrawInput", asked)

    async def cancel_withdrawal(self, withdrawal: str, **more: Any) -> Any:
        return await self._move(
            "cancelWithdrawal", "CancelWithdrawalInput", {"withdrawal": withdrawal} | more
        )

    async def many(self, mutation: str, inputs: list[dict[str, Any]], *, atomic: bool = False) -> Any:
        """What depositMany, chargeMany or transferMany answers."""
        kind = mutation.removesuffix("Many").capitalize() + "Input"
        answer = await self.ask(
            f"mutation ($inputs: [{kind}!]!, $atomic: Boolean) {{ {mutation}(inputs: $inputs, atomic: $atomic) "
            f"{{ succeededCount failedCount outcomes {{ {MONEY} }} }} }}",
            inputs=inputs,
            atomic=atomic,
        )
        return answer.data[mutation]

    async def change(self, mutation: str, **asked: Any) -> Any:
        """What a mutation that changes a wallet answers."""
        kind = mutation[0].upper() + mutation[1:] + "Input"
        answer = await self.ask(
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) "
            "{ wallet { id token name status } userErrors { code field } } }",
            input=asked,
        )
        return answer.data[mutation]

    async def operation(self, operation_id: str) -> Any:
        """An operation, with what only some kinds have."""
        answer = await self.ask(OPERATION, id=operation_id)
        return answer.data["operation"]

    async def _move(self, mutation: str, kind: str, asked: dict[str, Any]) -> Any:
        answer = await self.ask(
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {MONEY} }} }}", input=asked
        )
        return answer.data[mutation]

    async def wallet(self, token: str) -> Any:
        answer = await self.ask(
            "query ($token: WalletToken) { wallet(token: $token) { id status currency "
            "balance { amount currency } available { amount } held { amount } pending { amount } } }",
            token=token,
        )
        return answer.data["wallet"]

    async def history(self, token: str, arguments: str = "first: 100") -> Any:
        answer = await self.ask(
            f"query ($token: WalletToken) {{ wallet(token: $token) {{ history({arguments}) {{"
            "edges { cursor sequence change { amount } balanceAfter { amount } "
            "node { id kind status failureCode summary amount { amount currency } "
            "source { id token ownerName } target { id token ownerName } } } "
            "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
            token=token,
        )
        return answer.data["wallet"]["history"]
