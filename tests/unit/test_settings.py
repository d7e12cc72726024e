"""Settings: what is taken, what is refused, and that a refusal names the variable and never a secret."""

import importlib.metadata
import os
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import DEVELOPMENT_SECRET_KEY, HOSTS_IN_DEVELOPMENT, Settings, SettingsError

LONG_SECRET = "k" * 32


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PURSER_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **variables)
    return str(refused.value)


def test_defaults_start_a_service_on_this_machine_alone() -> None:
    settings = Settings.load()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 2)
    assert settings.secret_key == DEVELOPMENT_SECRET_KEY
    assert settings.allowed_hosts == HOSTS_IN_DEVELOPMENT
    assert settings.allowed_origins == ()
    assert settings.database_url is None
    assert settings.graphiql
    assert settings.introspection
    assert settings.data_dir == Path(__file__).resolve().parents[2] / "data"
    assert settings.max_amounts == {}


def test_production_has_no_graphiql_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    production = {
        "PURSER_ENVIRONMENT": "production",
        "PURSER_SECRET_KEY": LONG_SECRET,
        "PURSER_ALLOWED_HOSTS": "purser.example.com, api.example.com",
    }
    settings = load(monkeypatch, **production)
    assert not settings.graphiql
    assert not settings.introspection
    assert settings.allowed_hosts == ("purser.example.com", "api.example.com")
    assert load(monkeypatch, PURSER_GRAPHIQL="true").graphiql


@pytest.mark.parametrize(
    "secret",
    [
        "",
        DEVELOPMENT_SECRET_KEY,
        "short",
        f"short{' ' * 40}",
        f"{LONG_SECRET},short",
        f"{LONG_SECRET}, {DEVELOPMENT_SECRET_KEY}",
    ],
)
def test_production_refuses_weak_secrets_without_echo(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    message = refusal(
        monkeypatch,
        PURSER_ENVIRONMENT="production",
        PURSER_ALLOWED_HOSTS="*",
        PURSER_SECRET_KEY=secret,
    )
    assert message.startswith("PURSER_SECRET_KEY: ")
    assert "\n" not in message
    assert not secret or secret not in message


def test_production_must_name_its_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, PURSER_ENVIRONMENT="production", PURSER_SECRET_KEY=LONG_SECRET)
    assert message.startswith("PURSER_ALLOWED_HOSTS: ")


def test_every_bad_variable_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(
        monkeypatch,
        PURSER_ENVIRONMENT="staging",
        PURSER_PORT="eighty",
        PURSER_WORKERS="0",
        PURSER_LOG_LEVEL="loud",
        DATABASE_URL="mysql://root:hunter2@db/purser",
    )
    names = [line.split(":")[0] for line in message.splitlines()]
    assert sorted(names) == [
        "DATABASE_URL",
        "PURSER_ENVIRONMENT",
        "PURSER_LOG_LEVEL",
        "PURSER_PORT",
        "PURSER_WORKERS",
    ]
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PURSER_PORT", "65536"),
        ("PURSER_PORT", "-1"),
        ("PURSER_HOST", " "),
        ("PURSER_TOKEN_EXPIRATION_HOURS", "0"),
        ("PURSER_TOKEN_EXPIRATION_HOURS", "nan"),
        ("PURSER_TOKEN_EXPIRATION_HOURS", "inf"),
        ("PURSER_MAX_WALLETS_PER_CLIENT", "-1"),
        ("PURSER_DEFAULT_CURRENCY", "usd"),
        ("PURSER_DEFAULT_CURRENCY", "ÜSD"),
        ("PURSER_DEBUG", "perhaps"),
        ("PURSER_ALLOWED_HOSTS", "https://purser.example.com"),
        ("PURSER_ALLOWED_ORIGINS", "shop.example.com"),
        ("PURSER_TRUSTED_PROXIES", "proxy.example.com"),
        ("PURSER_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PURSER_ALLOWED_ORIGINS", "https://shop.example.com/path"),
        ("PURSER_QUEUE_SECONDS_MAX", "0"),
        ("PURSER_BATCH_SIZE_MAX", "0"),
        ("PURSER_SHUTDOWN_SECONDS_MAX", "0"),
        ("PURSER_MAX_AMOUNTS", "USD"),
        ("PURSER_MAX_AMOUNTS", "USD=1e3"),
        ("PURSER_MAX_AMOUNTS", "USD=0"),
        ("PURSER_MAX_AMOUNTS", "USD=-1"),
        ("PURSER_MAX_AMOUNTS", "USD=1,USD=2"),
        ("PURSER_MAX_AMOUNTS", "USD=٣"),
        ("PURSER_DATABASE_POOL_MAX", "47"),
        ("PURSER_SECRET_KEY", "one,,two"),
        ("PURSER_DATABASE_URL", "sqlite:///purser.db"),
        ("PURSER_BANK", "package.module"),
        ("PURSER_BANK", "package.module:"),
        ("PURSER_BANK", "package..module:name"),
        ("PURSER_BANK", "https://bank.example.com"),
        ("PURSER_BANK", "package:name.other"),
        ("PURSER_BANK_URL", "bank.example.com"),
        ("PURSER_BANK_URL", "ftp://bank.example.com"),
        ("PURSER_BANK_URL", "https://"),
        ("PURSER_BANK_URL", "https://bank.example.com:port"),
        ("PURSER_BANK_URL", "https://bank.example.com:0"),
        ("PURSER_BANK_URL", "https://[bank"),
        ("PURSER_BANK_URL", "https://bank.example.com/?key=1"),
        ("PURSER_BANK_URL", "https://bank.example.com/a b"),
        ("PURSER_WITHDRAWAL_ATTEMPTS_MAX", "0"),
        ("PURSER_WITHDRAWAL_ATTEMPTS_MAX", "21"),
        ("PURSER_WITHDRAWAL_CONCURRENCY", "0"),
        ("PURSER_WITHDRAWAL_CONCURRENCY", "1001"),
        ("PURSER_WITHDRAWAL_SECONDS_MAX", "0"),
        ("PURSER_WITHDRAWAL_SECONDS_MAX", "nan"),
    ],
)
def test_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    message = refusal(monkeypatch, **{name: value})
    assert message.startswith(f"{name}: ")
    assert "\n" not in message


@pytest.mark.parametrize("alone", ["PURSER_ADMIN_EMAIL", "PURSER_ADMIN_PASSWORD"])
def test_administrator_needs_both(monkeypatch: pytest.MonkeyPatch, alone: str) -> None:
    message = refusal(monkeypatch, **{alone: "someone@example.com"})
    assert "PURSER_ADMIN_EMAIL" in message
    assert "someone@example.com" not in message


def test_amounts_are_read_by_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, PURSER_MAX_AMOUNTS="USD=5000.00, EUR=4000")
    assert settings.max_amounts == {"USD": Decimal("5000.00"), "EUR": Decimal(4000)}


def test_its_own_database_variable_goes_before_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, DATABASE_URL="postgres://db/plain").database_url == "postgres://db/plain"
    settings = load(monkeypatch, PURSER_DATABASE_URL="postgresql://db/own")
    assert settings.database_url == "postgresql://db/own"
    # Empty is unset, as docker compose passes it on.
    assert load(monkeypatch, PURSER_DATABASE_URL="").database_url == "postgres://db/plain"


def test_a_large_pool_is_for_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, DATABASE_URL="postgres://db/x", PURSER_DATABASE_POOL_MAX="200")
    assert settings.database_pool_max == 200


def test_a_bank_is_named_by_its_adapter_or_by_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings.load().bank, Settings.load().bank_url) == (None, None)
    settings = load(monkeypatch, PURSER_BANK="own_bank:open_bank", PURSER_BANK_URL="http://[::1]:8001/api/")
    assert (settings.bank, settings.bank_url) == ("own_bank:open_bank", "http://[::1]:8001/api")
    assert load(monkeypatch, PURSER_BANK="a.b_c.d2:Bank").bank == "a.b_c.d2:Bank"


def test_log_level_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, PURSER_LOG_LEVEL="warning").log_level == "WARNING"


def test_frozen_and_without_secrets_in_its_repr() -> None:
    settings = Settings(
        secret_key="s3cret-one",
        database_url="postgresql://u:s3cret-two@db/x",
        admin_email="a@example.com",
        admin_password="s3cret-three",
        bank_url="https://u:s3cret-four@bank.example.com",
    )
    assert "s3cret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_traces_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(traces=True).traces

    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    monkeypatch.setenv("PURSER_TRACES", "true")
    with pytest.raises(
        SettingsError, match=r"^PURSER_TRACES: needs OpenTelemetry: pip install 'purser\[traces\]'"
    ):
        Settings.load()
    monkeypatch.setenv("PURSER_TRACES", "false")
    assert not Settings.load().traces
