import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import BrowserContext

from tests.browser.chromium import NoChromium, opened
from tests.browser.explorer import Explorer


class RunningService(Protocol):
    @property
    def url(self) -> str: ...


@pytest.fixture
async def browser_context(tmp_path: Path) -> AsyncIterator[BrowserContext]:
    try:
        async with opened(tmp_path / "profile") as context:
            yield context
    except NoChromium as absent:
        if "CI" in os.environ:
            raise
        pytest.skip(str(absent))


@pytest.fixture
async def explorer(browser_context: BrowserContext, service: RunningService) -> AsyncIterator[Explorer]:
    """GraphiQL, opened. In the end the browser must have complained of nothing and asked nobody else."""
    explorer = Explorer(browser_context.pages[0], service.url)
    explorer.watch()
    await explorer.open()
    yield explorer
    assert explorer.complaints == []
    assert [url for url in explorer.addresses if not url.startswith(f"{service.url}/")] == []
