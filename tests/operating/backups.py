"""The commands of docs/operating.md, as they stand there, for the service whose data are in `data` of a folder."""

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.examples import blocks
from tests.docs.tables import ROOT

_PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
_BACKUPS = "/var/backups/purser"


def commands(heading: str) -> list[str]:
    """The blocks of shell commands under this heading."""
    section = _PAGE.partition(f"\n{heading}\n")[2]
    assert section, heading
    return blocks(section.partition("\n#")[0], "sh")


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody at a shell in `folder`, where a checkout's `.venv/bin` is, too."""

    folder: Path

    def types(self, *parts: str) -> str:
        """Runs the commands in one shell, after those of the section on tools; what they print."""
        (tools,) = commands("### Tools")
        if not (self.folder / "data" / "dsn").exists():
            # The service does not run any more, and its URL is not asked for.
            tools = tools.replace("url=$(cat data/dsn)", "")
        script = "\n".join([tools, *parts]).replace(_BACKUPS, str(self.folder / "backups"))
        done = subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
        return done.stdout


def operator_in(folder: Path) -> Operator:
    """An operator there, who has no folder for backups yet."""
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name, words in {"python": "", "purser": " -P -m cli"}.items():
        script = binaries / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}"{words} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    if os.geteuid() == 0:
        # The embedded server is nobody's then, and writes its log's files itself.
        folder.chmod(0o755)
    return Operator(folder)
