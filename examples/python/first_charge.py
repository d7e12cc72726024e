"""The first charge in Python: a client tops up a wallet, a company charges it.

.venv/bin/python examples/python/first_charge.py [URL]      URL defaults to http://127.0.0.1:8000

Any Python that has httpx will do.
"""

import secrets
import sys
from typing import Any

from purser_client import Purser

PERSON = {
    "password": "correct-horse-9",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "phoneNumber": "+4915112345678",
}
SIGN_UP_CLIENT = """
mutation ($input: SignUpClientInput!) { signUpClient(input: $input) { token userErrors { code message } } }
"""
SIGN_UP_COMPANY = """
mutation ($input: SignUpCompanyInput!) { signUpCompany(input: $input) { token userErrors { code message } } }
"""
CREATE_WALLET = """
mutation ($input: CreateWalletInput!) { createWallet(input: $input) { wallet { token } userErrors { code message } } }
"""
PAYLOAD = (
    "operation { id status } wallet { available { amount currency } } replayed userErrors { code message }"
)
DEPOSIT = f"mutation ($input: DepositInput!) {{ deposit(input: $input) {{ {PAYLOAD} }} }}"
CHARGE = f"mutation ($input: ChargeInput!) {{ charge(input: $input) {{ {PAYLOAD} }} }}"


def main(url: str) -> None:
    run = secrets.token_hex(6)  # makes the names and keys of this run its own
    with Purser(url) as anyone:
        client = {"email": f"ada-{run}@example.com", **PERSON}
        ada = anyone.with_token(done(anyone.ask(SIGN_UP_CLIENT, {"input": client}))["token"])
        company = {
            "email": f"shop-{run}@example.com",
            "name": "Corner Shop",
            "url": "https://shop.example.com",
            **PERSON,
        }
        shop = anyone.with_token(done(anyone.ask(SIGN_UP_COMPANY, {"input": company}))["token"])

        wallet = done(ada.ask(CREATE_WALLET, {"input": {"name": "Lunch"}}))["wallet"]["token"]
        done(shop.ask(CREATE_WALLET, {"input": {}}))
        top_up = {"wallet": wallet, "amount": "10.00", "idempotencyKey": f"top-up-{run}"}
        print("Ada has", done(ada.insist(DEPOSIT, {"input": top_up}))["wallet"]["available"]["amount"])
        soup = {"wallet": wallet, "amount": "4.50", "summary": "Soup", "idempotencyKey": f"soup-{run}"}
        print("The shop has", done(shop.insist(CHARGE, {"input": soup}))["wallet"]["available"]["amount"])
        again = done(shop.insist(CHARGE, {"input": soup}))
        print("Asked again:", "replayed" if again["replayed"] else "charged twice")


def done(data: dict[str, Any]) -> Any:
    """The payload of the one mutation that was asked for. A business refusal ends the program."""
    (payload,) = data.values()
    if payload["userErrors"]:
        sys.exit(f"Refused: {payload['userErrors'][0]['message']}")
    return payload


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["http://127.0.0.1:8000"])
