"""What docs/api.md says of asking again is what its clients do: they lose no answer, and charge nothing twice."""

import json

import pytest

from tests.client import Api
from tests.docs.examples import TypeScript, blocks, needs_curl, needs_node, run_python, run_shell
from tests.docs.tables import ROOT
from tests.docs.unreliable import BadDay, bad_day
from tests.running import Service
from tests.service.shop import open_shop

DAY = ("lost", "limited", "overloaded", "page")
CHARGE = (
    "mutation ($input: ChargeInput!) { charge(input: $input) { replayed wallet { available { amount } } } }"
)
GIVES_UP = ("lost", "limited", "overloaded", "overloaded", "overloaded")


@pytest.fixture
async def asked(anyone: Api) -> tuple[str, str]:
    """A company's bearer token, and the input of a charge of 4.50 as JSON."""
    shop = await open_shop(anyone, "USD", "10.00")
    assert shop.company.token is not None
    return shop.company.token, json.dumps(
        {"wallet": shop.purse["token"], "amount": "4.50", "summary": "x", "idempotencyKey": "k"}
    )


def assert_charged_once(day: BadDay, printed: str) -> None:
    assert printed.split() == ["true", "4.50"]
    assert len(day.bodies) == len(DAY) + 1
    assert len({json.dumps(json.loads(body), sort_keys=True) for body in day.bodies}) == 1
    # Twice it was told to wait for a second.
    lost, limited, overloaded, page, _ = day.came_at
    assert min(overloaded - limited, page - overloaded) >= 1
    assert lost < limited


def test_in_python(service: Service, asked: tuple[str, str]) -> None:
    token, charge = asked
    program = f"""
from purser_client import Purser
shop = Purser("http://127.0.0.1:8000", token={token!r})
told = shop.insist({CHARGE!r}, {{"input": {charge}}})["charge"]
print(str(told["replayed"]).lower(), told["wallet"]["available"]["amount"])
"""
    with bad_day(service.url, *DAY) as day:
        assert_charged_once(day, run_python(program, day.url))


@needs_node
def test_in_typescript(service: Service, asked: tuple[str, str], typescript: TypeScript) -> None:
    token, charge = asked
    program = f"""
import {{ Purser, type Money }} from "./purser.js";
const shop = new Purser("http://127.0.0.1:8000").withToken({json.dumps(token)});
type Charged = {{ charge: {{ replayed: boolean; wallet: {{ available: Money }} }} }};
const told = (await shop.insist<Charged>({json.dumps(CHARGE)}, {{ input: {charge} }})).charge;
console.log(told.replayed, told.wallet.available.amount);
"""
    with bad_day(service.url, *DAY) as day:
        assert_charged_once(day, typescript.run(program, day.url))


@needs_curl
def test_in_a_shell(service: Service, asked: tuple[str, str]) -> None:
    token, charge = asked
    shell = blocks((ROOT / "docs" / "api.md").read_text("utf-8"), "sh")
    (ask,) = (block.partition('\nask ""')[0] for block in shell if "\nask() {" in block)
    (insist,) = (block.partition("\ninsist ")[0] for block in shell if "insist() {" in block)
    told = f"insist {token} '{CHARGE}' '{{\"input\": {charge}}}'"
    script = f"{ask}\n{insist}\n{told} | jq -r '.data.charge | .replayed, .wallet.available.amount'"
    with bad_day(service.url, *DAY) as day:
        assert_charged_once(day, run_shell(script, day.url))


PYTHON_THAT_GIVES_UP = """
from purser_client import Failed, Purser
try:
    Purser("http://127.0.0.1:8000", token={token!r}).insist({document!r}, {{"input": {charge}}}, seconds_max=2)
except Failed as failed:
    print(failed.executed)
"""
TYPESCRIPT_THAT_GIVES_UP = """
import {{ Failed, Purser }} from "./purser.js";
try {{
  await new Purser("http://127.0.0.1:8000").withToken({token}).insist({document}, {{ input: {charge} }}, 2000);
}} catch (error) {{
  if (error instanceof Failed) console.log(error.executed);
}}
"""


def test_what_was_unknown_once_stays_so_in_python(service: Service, asked: tuple[str, str]) -> None:
    program = PYTHON_THAT_GIVES_UP.format(token=asked[0], document=CHARGE, charge=asked[1])
    with bad_day(service.url, *GIVES_UP) as day:
        assert run_python(program, day.url) == "UNKNOWN\n"
    with bad_day(service.url, *GIVES_UP[1:]) as day:
        assert run_python(program, day.url) == "NO\n"


@needs_node
def test_what_was_unknown_once_stays_so_in_typescript(
    service: Service, asked: tuple[str, str], typescript: TypeScript
) -> None:
    token, document = map(json.dumps, (asked[0], CHARGE))
    program = TYPESCRIPT_THAT_GIVES_UP.format(token=token, document=document, charge=asked[1])
    with bad_day(service.url, *GIVES_UP) as day:
        assert typescript.run(program, day.url) == "UNKNOWN\n"
