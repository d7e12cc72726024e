"""The story that GraphiQL opens with, run to its end, and the bearer tokens that it leaves in the bar."""

import time
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.explorer import Explorer, text_of

pytestmark = pytest.mark.browser


async def run_step(explorer: Explorer, title: str) -> Any:
    """Runs one step as it stands there; the payload of its one field."""
    await explorer.choose_tab(title)
    answer = await explorer.run()
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert not payload.get("userErrors"), payload
    return payload


async def test_the_story_runs_to_the_first_charge_without_typing_a_word(explorer: Explorer) -> None:
    await run_step(explorer, "SignUpClient")
    await expect(explorer.identity("Client")).to_be_checked()
    await run_step(explorer, "CreateWallet")
    deposited = await run_step(explorer, "Deposit")
    assert deposited["wallet"]["available"] == {"amount": "50.00", "currency": "USD"}

    await run_step(explorer, "SignUpCompany")
    await expect(explorer.identity("Company")).to_be_checked()
    await run_step(explorer, "CompanyWallet")
    charged = await run_step(explorer, "Charge")
    assert charged["operation"]["status"] == "SUCCEEDED"
    assert charged["wallet"]["available"] == {"amount": "12.50", "currency": "USD"}

    refunded = await run_step(explorer, "Refund")
    assert refunded["wallet"]["available"] == {"amount": "10.00", "currency": "USD"}
    authorized = await run_step(explorer, "Authorize")
    assert authorized["operation"]["authorization"]["held"] == {"amount": "20.00"}
    captured = await run_step(explorer, "Capture")
    assert captured["wallet"]["available"] == {"amount": "15.00", "currency": "USD"}
    sent = await run_step(explorer, "Transfer")
    assert sent["wallet"]["available"] == {"amount": "14.00", "currency": "USD"}

    withdrawn = await run_step(explorer, "Withdraw")
    assert withdrawn["operation"]["withdrawal"]["state"] == "PENDING"
    assert withdrawn["wallet"] == {
        "available": {"amount": "10.00", "currency": "USD"},
        "held": {"amount": "4.00"},
    }
    queued = await run_step(explorer, "QueuedCharge")
    assert queued["operation"]["status"] == "PENDING"

    *later, sent_, captured_, held, back, bought = await until_all_is_done(explorer)
    assert (sent_, captured_, held, back, bought) == ("-1.00", "5.00", "0.00", "-2.50", "12.50")
    # The bank may have refused three times; it says so then.
    assert sorted(later) in (["-4.00", "0.00", "3.00"], ["0.00", "0.00", "3.00"])
    await explorer.identity("Client").check()
    assert changes(await run_step(explorer, "History")) == [
        "-3.00",
        "1.00",
        "-5.00",
        "0.00",
        "2.50",
        "-12.50",
        "50.00",
    ]
    (stated,) = (await run_step(explorer, "Statement"))["nodes"]
    assert stated["statement"]["closing"] == {"amount": "33.00", "currency": "USD"}


async def until_all_is_done(explorer: Explorer) -> list[str]:
    """What the company's history says, once neither the bank nor a worker is awaited."""
    give_up_at = time.monotonic() + 60
    while True:
        wallets = await run_step(explorer, "History")
        nodes = [edge["node"] for edge in wallets["nodes"][0]["history"]["edges"]]
        if len(nodes) == 8 and not any(node["status"] == "PENDING" for node in nodes):
            return changes(wallets)
        assert time.monotonic() < give_up_at, nodes


def changes(wallets: Any) -> list[str]:
    (wallet,) = wallets["nodes"]
    return [edge["change"]["amount"] for edge in wallet["history"]["edges"]]


async def test_a_step_run_twice_is_replayed(explorer: Explorer) -> None:
    await run_step(explorer, "SignUpClient")
    await run_step(explorer, "CreateWallet")
    first = await run_step(explorer, "Deposit")
    again = await run_step(explorer, "Deposit")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["operation"]["id"] == first["operation"]["id"]


async def test_a_token_taken_into_use_can_be_undone(explorer: Explorer) -> None:
    await run_step(explorer, "SignUpClient")
    await expect(explorer.notice).to_contain_text("Signed in as the client")
    await explorer.page.get_by_role("button", name="Undo").click()
    await expect(explorer.identity("Signed out")).to_be_checked()
    await expect(explorer.identity("Client")).to_be_disabled()


async def test_a_pasted_token_finds_its_place(explorer: Explorer) -> None:
    token = (await run_step(explorer, "SignUpCompany"))["token"]
    await explorer.page.get_by_role("button", name="Forget").click()
    await expect(explorer.identity("Company")).to_be_disabled()

    await explorer.page.get_by_label("Bearer token").fill(f"Authorization: Bearer {token}")
    await explorer.page.keyboard.press("Enter")
    await expect(explorer.identity("Company")).to_be_checked()
    await explorer.type_query("{ viewer { role } }")
    assert (await explorer.run())["data"] == {"viewer": {"role": "COMPANY"}}


async def test_signed_out_sends_no_token(explorer: Explorer) -> None:
    await run_step(explorer, "SignUpClient")
    await explorer.identity("Signed out").check()
    await explorer.type_query("{ viewer { role } }")
    assert (await explorer.run())["data"] == {"viewer": None}


async def test_logging_out_forgets_the_token(explorer: Explorer) -> None:
    await run_step(explorer, "SignUpClient")
    await explorer.type_query("mutation { logOut { userErrors { code } } }")
    await explorer.run()
    await expect(explorer.identity("Client")).to_be_disabled()


async def test_tokens_and_operations_stay_in_the_tab(
    explorer: Explorer, browser_context: BrowserContext
) -> None:
    await run_step(explorer, "SignUpClient")
    email = await text_of(explorer.variable_editor)
    await explorer.open()
    await expect(explorer.identity("Client")).to_be_checked()
    assert await text_of(explorer.variable_editor) == email
    # As if the page had been loaded again before GraphiQL had kept its tabs, which it does after half a second.
    await explorer.page.evaluate("sessionStorage.removeItem('graphiql:tabState')")
    await explorer.open()
    assert await text_of(explorer.variable_editor) == email

    other = Explorer(await browser_context.new_page(), explorer.origin)
    await other.open()
    await expect(other.identity("Signed out")).to_be_checked()
    assert await text_of(other.variable_editor) != email
    assert await other.page.evaluate("localStorage.length") == 0
