"""A token that the service refuses. Apart, because Chromium itself notes a 401 in the console."""

import json

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import RunningService
from tests.browser.explorer import Explorer

pytestmark = pytest.mark.browser


async def test_a_token_that_is_none_is_refused_in_words(
    browser_context: BrowserContext, service: RunningService
) -> None:
    explorer = Explorer(browser_context.pages[0], service.url)
    await explorer.open()
    await explorer.page.get_by_label("Bearer token").fill("not-a-token")
    await explorer.page.keyboard.press("Enter")
    await expect(explorer.page.get_by_text("The service doesn't accept this token.")).to_be_visible()
    await expect(explorer.identity("Signed out")).to_be_checked()


async def test_a_token_that_has_ended_is_put_away_so_that_logging_in_works(
    browser_context: BrowserContext, service: RunningService
) -> None:
    explorer = Explorer(browser_context.pages[0], service.url)
    await explorer.open()
    ended = {"role": "CLIENT", "email": "ada@example.com", "token": "ended", "made": {}}
    kept = {"activeRole": "CLIENT", "byRole": {"CLIENT": ended}, "notice": None}
    await explorer.page.evaluate(
        "kept => sessionStorage.setItem('purser:identities', kept)", json.dumps(kept)
    )
    await explorer.open()
    await expect(explorer.identity("Client")).to_be_checked()
    await explorer.type_query("{ wallets { totalCount } }")
    await explorer.run()
    await expect(explorer.notice).to_contain_text("log in again")
    await expect(explorer.identity("Signed out")).to_be_checked()
    await explorer.choose_tab("SignUpClient")
    assert "errors" not in await explorer.run()
