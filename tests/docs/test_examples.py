"""The example scripts run, and fail where they should."""

import os
import secrets
import shutil
import subprocess
import sys

import pytest

from tests.client import PASSWORD
from tests.docs.tables import ROOT
from tests.running import Service

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("curl") and shutil.which("jq")),
    reason="curl and jq are not installed",
)
NAMES = ("first_charge.sh", "every_way.sh", "reports.sh", "later.sh")


def run(name: str, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "examples" / name, url],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def administrator(service: Service) -> str:
    """The e-mail address of an administrator who was made by the command line."""
    email = f"examples-{secrets.token_hex(6)}@example.com"
    subprocess.run(
        [sys.executable, "-P", "-m", "cli", "create-admin", "--password-stdin", email],
        env={**os.environ, "PURSER_DATABASE_URL": service.dsn},
        input=PASSWORD + "\n",
        text=True,
        timeout=60,
        check=True,
    )
    return email


def test_the_first_charge(service: Service) -> None:
    done = run("first_charge.sh", service.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("All as it should be.\n")


def test_reports(service: Service) -> None:
    done = run("reports.sh", service.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("All as it should be.\n")


def test_later(service: Service) -> None:
    done = run("later.sh", service.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok: the soup in the end is SUCCEEDED\n" in done.stdout
    assert done.stdout.endswith("All as it should be.\n")


def test_every_way(service: Service, administrator: str) -> None:
    done = run("every_way.sh", service.url, PURSER_ADMIN_EMAIL=administrator, PURSER_ADMIN_PASSWORD=PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok: the rate is 0.914236397762\n" in done.stdout
    assert done.stdout.endswith("All as it should be.\n")


def test_without_an_administrator_nothing_is_converted(service: Service) -> None:
    done = run("every_way.sh", service.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Without an administrator there was no conversion.\n")


@pytest.mark.parametrize("name", NAMES)
def test_without_a_service_it_fails(name: str) -> None:
    done = run(name, "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "FAILED: no answer" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_amount_ends_it(name: str, service: Service) -> None:
    script = (ROOT / "examples" / name).read_text().replace("amount 10.00 ", "amount 10.01 ")
    script = script.replace('"$(dirname "$0")', f'"{ROOT}/examples')
    done = subprocess.run(
        ["sh", "-c", script, name, service.url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "FAILED" in done.stderr
    assert "All as it should be" not in done.stdout
