"""The system's Chromium, without a window and with a fresh profile."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

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


class NoChromium(Exception):
    """None of NAMES is on the PATH."""


@asynccontextmanager
async def opened(profile: Path) -> AsyncIterator[BrowserContext]:
    """One browser whose data is in the folder `profile`; raises NoChromium where there is none to start."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise NoChromium(f"no Chromium on this machine: none of {', '.join(NAMES)} is on the PATH")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            headless=True,
            args=FLAGS,
            # Its caches and settings go with the profile, not into the home of whoever runs the tests.
            env={
                **os.environ,
                "HOME": str(profile),
                "XDG_CONFIG_HOME": str(profile),
                "XDG_CACHE_HOME": str(profile),
            },
            viewport={"width": 1400, "height": 900},
        )
        context.set_default_timeout(10_000)
        yield context
        await context.close()
