"""Stopping a task that has no end of its own."""

import asyncio
from typing import Any


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancels the task and waits until it has ended, in whatever way."""
    task.cancel()
    await asyncio.wait([task])
