"""Runs what the pages and examples/ show: as a shell, as Python, and as TypeScript compiled by tsc --strict."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.tables import ROOT

EXAMPLES = ROOT / "examples"
_LOCAL = "http://127.0.0.1:8000"

needs_curl = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("curl") and shutil.which("jq")),
    reason="curl and jq are not installed",
)
needs_node = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("node") and shutil.which("npm")),
    reason="Node.js and npm are not installed",
)


def blocks(page: str, language: str) -> list[str]:
    """The blocks of code of a page's text that say this language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run_shell(script: str, url: str) -> str:
    """What the script prints, with the service at `url`; where any of it fails, so does this."""
    return _run(["sh", "-eu", "-c", script.replace(_LOCAL, url)])


def run_python(program: str, url: str) -> str:
    """What the program prints, with the client of examples/python to import."""
    return _run([sys.executable, "-W", "error", "-c", program.replace(_LOCAL, url)], EXAMPLES / "python")


@dataclass(frozen=True, slots=True)
class TypeScript:
    """A folder like examples/typescript, with its compiler installed."""

    folder: Path

    def run(self, program: str, url: str) -> str:
        """What the program prints, once tsc has found nothing wrong with it."""
        (self.folder / "program.ts").write_text(program.replace(_LOCAL, url))
        return self.run_file("program", url)

    def run_file(self, name: str, *words: str) -> str:
        """The same for one of the files that are there."""
        _run(["npx", "--no-install", "tsc"], self.folder)
        return _run(["node", f"dist/{name}.js", *words], self.folder)


def install_typescript(folder: Path) -> TypeScript:
    """A copy of examples/typescript in the new folder, with what its lock names."""
    shutil.copytree(EXAMPLES / "typescript", folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    return TypeScript(folder)


def _run(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
