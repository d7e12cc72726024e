import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import BrowserContext, async_playwright

from tests.browser.explorer import Explorer

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# What Chromium would ask of its maker by itself is off: a test's browser speaks to the service alone.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class RunningService(Protocol):
    @property
    def url(self) -> str: ...


@pytest.fixture
async def browser_context(tmp_path: Path) -> AsyncIterator[BrowserContext]:
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip(f"no Chromium on this machine: none of {', '.join(CHROMIUMS)} is on the PATH")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=executable,
            headless=True,
            args=FLAGS,
            viewport={"width": 1400, "height": 900},
        )
        context.set_default_timeout(10_000)
        yield context
        await context.close()


@pytest.fixture
async def explorer(browser_context: BrowserContext, service: RunningService) -> AsyncIterator[Explorer]:
    """GraphiQL, opened. In the end the browser must have complained of nothing and asked nobody else."""
    explorer = Explorer(browser_context.pages[0], service.url)
    explorer.watch()
    await explorer.open()
    yield explorer
    assert explorer.complaints == []
    assert [url for url in explorer.addresses if not url.startswith(f"{service.url}/")] == []
