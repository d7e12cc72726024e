"""What the README says is so: what can be pasted runs, what is listed is all there is."""

import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from runtime.settings import Settings
from tests.running import Service

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def shell_blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("curl") and shutil.which("jq")),
    reason="curl and jq are not installed",
)
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_first_charge_can_be_pasted(service: Service, shell: str) -> None:
    blocks = shell_blocks(README)
    first = next(number for number, block in enumerate(blocks) if block.startswith("ask() {"))
    story = "".join(blocks[first : first + 4])
    # In an interactive zsh a # begins no comment, and an apostrophe behind it a string.
    assert not re.search(r"(^|\s)#", story)
    story = story.replace("$(date +%s)", secrets.token_hex(4))  # two runs of this test are not a second apart
    done = subprocess.run(
        [shell, "-eu", "-c", story.replace("http://127.0.0.1:8000", service.url)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert '"status": "SUCCEEDED"' in done.stdout
    assert '"amount": "4.50"' in done.stdout
    assert '"balanceAfter": {\n            "amount": "5.50"' in done.stdout
    assert '"errors"' not in done.stdout


def test_every_setting_is_in_the_table() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ", README, re.MULTILINE)
    names = {f"PURSER_{name.upper()}" for name in Settings.model_fields}
    assert sorted(listed) == sorted(names - {"PURSER_DATABASE_URL"} | {"DATABASE_URL"})


def test_the_defaults_in_the_table_are_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `PURSER_(\w+)` \| `([^`]*)` \|", README, re.MULTILINE))
    settings = Settings()
    assert {name: value.lower() for name, value in rows.items()} == {
        name: str(getattr(settings, name.lower())).lower().removesuffix(".0") for name in rows
    }
