"""GraphiQL's page in a real browser. Its fixture refuses console errors and requests to anyone else."""

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import RunningService
from tests.browser.explorer import Explorer, text_of

pytestmark = pytest.mark.browser


async def test_it_opens_on_the_story(explorer: Explorer) -> None:
    await expect(explorer.page).to_have_title("Purser")
    titles = [title.strip() for title in await explorer.page.get_by_role("tab").all_inner_texts()]
    assert titles == [
        "SignUpClient",
        "CreateWallet",
        "Deposit",
        "SignUpCompany",
        "CompanyWallet",
        "Charge",
        "Refund",
        "Authorize",
        "Capture",
        "Transfer",
        "Withdraw",
        "QueuedCharge",
        "History",
        "Statement",
    ]
    await expect(explorer.page.get_by_role("tab").last).to_be_in_viewport(ratio=1)
    assert "signUpClient(input: $input)" in await text_of(explorer.query_editor)
    assert '"email": "ada-' in await text_of(explorer.variable_editor)


async def test_a_query_typed_there_runs(explorer: Explorer) -> None:
    await explorer.type_query("{ viewer { email } currencies { code exponent } }")
    data = (await explorer.run())["data"]
    assert data["viewer"] is None
    assert {"code": "USD", "exponent": 2} in data["currencies"]


async def test_it_knows_the_schema(explorer: Explorer) -> None:
    await explorer.page.get_by_label("Show Documentation Explorer").click()
    await explorer.page.get_by_role("link", name="Mutation", exact=True).click()
    await expect(explorer.page.get_by_role("link", name="charge", exact=True)).to_be_visible()


async def test_its_dialogs_and_history_work_under_the_policy(explorer: Explorer) -> None:
    await explorer.type_query("{ viewer { email } }")
    await explorer.run()
    await explorer.page.get_by_label("Show History").click()
    await expect(explorer.page.get_by_label("History", exact=True)).to_be_visible()
    await explorer.page.get_by_label("Open settings dialog").click()
    await explorer.page.get_by_role("button", name="Dark", exact=True).click()
    await explorer.page.keyboard.press("Escape")
    await explorer.page.get_by_label("Open short keys dialog").click()
    await expect(explorer.page.get_by_role("dialog")).to_be_visible()


async def test_nothing_but_our_own_scripts_may_run(
    browser_context: BrowserContext, service: RunningService
) -> None:
    page = browser_context.pages[0]
    response = await page.goto(f"{service.url}/graphql")
    assert response is not None
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in response.headers["content-security-policy"]
