"""A running fleet, as tests look at it and do it harm."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.fleet import State

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 120.0


@dataclass
class Fleet:
    """`python -m deploy.local up`: its folder, where everything answers, its database and its process."""

    folder: Path
    state: State
    dsn: str
    process: subprocess.Popen[bytes]

    async def restart(self) -> None:
        """`python -m deploy.local restart`, to its end."""
        said = await self.command("restart", "--folder", str(self.folder))
        assert said == "Restarted.\n", said

    async def command(self, *words: str) -> str:
        """What `python -m deploy.local` says to these words, on this fleet's database."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "deploy.local", *words),
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "DATABASE_URL": self.dsn},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(SECONDS_MAX):
                said, _ = await process.communicate()
        except TimeoutError:
            process.terminate()
            await process.wait()
            raise
        return said.decode()

    def launcher(self, number: int) -> int:
        """The process id of the instance's `purser serve`, counted from 1."""
        port = self.state.instances[number - 1].rpartition(":")[2]
        (found,) = (
            pid
            for pid in _children(self.process.pid)
            if f"PURSER_PORT={port}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        )
        return found

    def signal_instance(self, number: int, signal_number: signal.Signals) -> None:
        """To all its processes at once."""
        launcher = self.launcher(number)
        for pid in (launcher, *_children(launcher)):
            os.kill(pid, signal_number)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
