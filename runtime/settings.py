"""Every setting of the service, read from the environment once, at start.

The variables have the prefix PURSER_; `DATABASE_URL` is read too. `Settings.load` is what a process calls;
tests build `Settings(port=0, ...)` directly.
"""

import importlib.metadata
import os
import re
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET_KEY = "insecure-development-key-change-me!!"  # noqa: S105 - production refuses it
SECRET_KEY_LENGTH_MIN = 32
# The embedded server's max_connections, less what migrations and people with psql use.
EMBEDDED_CONNECTIONS_MAX = 210
# An API process has a pool for the models and one for the ledger's reads, both of database_pool_max.
POOLS_A_PROCESS = 2
# Two batches under way: one is decided and encoded while the database commits the other.
WRITERS_A_PROCESS = 2
# What asks for loans of the rate limits.
CONNECTIONS_OF_LIMITS = 1
RATE_LIMIT_MAX = 1_000_000_000
# Beside its pool and its writers a worker has connections to lead by, for the locks of lanes, and for the queue.
CONNECTIONS_OF_DUTIES = 3
HOSTS_IN_DEVELOPMENT = ("localhost", "127.0.0.1", "[::1]")

_CURRENCY_CODE = re.compile(r"[A-Z0-9]{3,8}", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
# What the extra `traces` brings, with all that it needs.
_TRACES_DISTRIBUTION = "opentelemetry-exporter-otlp-proto-http"
_CHECKOUT = Path(__file__).resolve().parent.parent

CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """One or more settings are wrong. The message has one line for each, and no value of a secret."""


def _unless_in_production(settings: dict[str, Any]) -> bool:
    return bool(settings["environment"] != "production")


def _default_data_dir() -> Path:
    # In a checkout the data are the checkout's, from wherever a command is called.
    return _CHECKOUT / "data" if (_CHECKOUT / "pyproject.toml").is_file() else Path("data")


class Settings(BaseSettings):
    """What the operator decides. Frozen: a change needs a restart."""

    model_config = SettingsConfigDict(
        env_prefix="PURSER_",
        env_ignore_empty=True,  # docker compose passes an unset variable on as an empty one
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "production"] = "development"
    # One secret, or several separated by commas alone: the first signs, all verify.
    secret_key: str = Field(default=DEVELOPMENT_SECRET_KEY, repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)  # 0: any free port
    workers: int = Field(default=2, ge=1, le=64)
    # On which a `purser worker` tells how it is; None: on none.
    worker_port: int | None = Field(default=None, ge=0, le=65535)
    # None: the embedded PostgreSQL.
    database_url: str | None = Field(
        default=None,
        repr=False,
        validation_alias=AliasChoices("PURSER_DATABASE_URL", "DATABASE_URL"),
    )
    data_dir: Path = Field(default_factory=_default_data_dir)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    debug: bool = False
    # Where they go is said by OpenTelemetry's own variables (runtime/telemetry.py).
    traces: bool = False
    # "*" allows every host; production has no default.
    allowed_hosts: CommaSeparated = ()
    allowed_origins: CommaSeparated = ()
    # Whose X-Forwarded-For says where a request comes from: addresses and networks; "*" trusts everybody's.
    trusted_proxies: CommaSeparated = ()
    token_expiration_hours: float = Field(default=2, gt=0, le=24 * 366, allow_inf_nan=False)
    max_wallets_per_client: int = Field(default=0, ge=0)  # 0: no limit
    max_wallets_per_company: int = Field(default=1, ge=0)  # 0: no limit
    default_currency: str = "USD"
    graphiql: bool = Field(default_factory=_unless_in_production)
    introspection: bool = Field(default_factory=_unless_in_production)
    auto_migrate: bool = True
    admin_email: str | None = None
    admin_password: str | None = Field(default=None, repr=False, validate_default=True)
    # These are of one API process.
    connections_max: int = Field(default=4096, ge=1, le=1_000_000)
    requests_max: int = Field(default=512, ge=1, le=100_000)
    shutdown_seconds_max: int = Field(default=30, ge=1, le=3600)
    # How long the service, told to stop, goes on before it takes nothing more; meanwhile it says that it isn't ready.
    drain_seconds: float = Field(default=0, ge=0, le=600, allow_inf_nan=False)
    queue_length_max: int = Field(default=10_000, ge=1)
    queue_seconds_max: float = Field(default=0.8, gt=0, le=60, allow_inf_nan=False)
    # Of the queue in the database, which workers carry out.
    queued_operations_max: int = Field(default=1_000_000, ge=1)
    batch_size_max: int = Field(default=500, ge=1, le=10_000)
    # How many months a partition of the ledger's tables spans.
    partition_months: int = Field(default=1, ge=1, le=12)
    body_bytes_max: int = Field(default=2_097_152, ge=1024)
    hash_concurrency: int = Field(default=2, ge=1, le=64)
    # The largest amount of one operation by currency, in whole units of it: "USD=5000.00,EUR=4000".
    max_amounts: Annotated[dict[str, Decimal], NoDecode] = Field(default_factory=dict)
    # GraphQL operations in a minute; 0: no limit.
    rate_limit_per_account: int = Field(default=0, ge=0, le=RATE_LIMIT_MAX)
    rate_limit_per_address: int = Field(default=0, ge=0, le=RATE_LIMIT_MAX)
    database_pool_max: int = Field(default=8, ge=2, le=1000, validate_default=True)
    # Through which withdrawals are paid: "package.module:name" of an adapter (workers/adapters.py), or, where that is
    # None, the URL of a bank that speaks the protocol of docs/bank.md.
    bank: str | None = None
    bank_url: str | None = Field(default=None, repr=False)
    withdrawal_attempts_max: int = Field(default=3, ge=1, le=20)
    withdrawal_concurrency: int = Field(default=50, ge=1, le=1000)
    # The time-out of one call to the bank.
    withdrawal_seconds_max: float = Field(default=30.0, gt=0, le=600, allow_inf_nan=False)

    @classmethod
    def load(cls) -> Self:
        """The settings of this process's environment.

        Raises SettingsError, its message naming every bad variable, one a line.
        """
        try:
            return cls()
        except ValidationError as refused:
            raise SettingsError("\n".join(_describe(refused))) from None

    @field_validator("secret_key")
    @classmethod
    def _secrets_are_secret(cls, value: str, info: ValidationInfo) -> str:
        secrets = [secret.strip() for secret in value.split(",")]
        if not all(secrets):
            raise ValueError("has an empty secret between its commas")
        if info.data.get("environment") == "production":
            if DEVELOPMENT_SECRET_KEY in secrets:
                raise ValueError("must be set in production: try `openssl rand -hex 32`")
            if any(len(secret) < SECRET_KEY_LENGTH_MIN for secret in secrets):
                raise ValueError(f"needs at least {SECRET_KEY_LENGTH_MIN} characters a secret in production")
        return ",".join(secrets)

    @field_validator("host")
    @classmethod
    def _host_is_named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError('is blank; "127.0.0.1" is this machine alone, "0.0.0.0" every network')
        return value.strip()

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            scheme = urlsplit(value).scheme
        except ValueError:
            scheme = ""
        if scheme not in ("postgres", "postgresql"):
            raise ValueError(
                "must begin with postgresql://, as in postgresql://user:password@host:5432/purser"
            )
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _log_level_in_any_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("traces")
    @classmethod
    def _traces_are_installed(cls, value: bool) -> bool:
        if value:
            try:
                importlib.metadata.distribution(_TRACES_DISTRIBUTION)
            except importlib.metadata.PackageNotFoundError:
                raise ValueError("needs OpenTelemetry: pip install 'purser[traces]', or unset it") from None
        return value

    @field_validator("allowed_hosts", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_hosts", mode="after")
    @classmethod
    def _hosts_are_named(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if any("/" in host or " " in host for host in value):
            raise ValueError("takes host names alone, as in purser.example.com,*.example.org")
        if value:
            return value
        if info.data.get("environment") == "production":
            raise ValueError("must name the hosts that this service answers for, or be *")
        return HOSTS_IN_DEVELOPMENT

    @field_validator("allowed_origins", mode="after")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or re.fullmatch(r"https?://[^/?#\s@]+", origin) for origin in value):
            raise ValueError("takes origins, as in https://shop.example.com,http://localhost:3000")
        return value

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _proxies_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                if proxy != "*":
                    ip_network(proxy)
            except ValueError:
                raise ValueError("takes addresses and networks, as in 10.0.0.5,172.16.0.0/12, or *") from None
        return value

    @field_validator("default_currency")
    @classmethod
    def _currency_is_a_code(cls, value: str) -> str:
        if not _CURRENCY_CODE.fullmatch(value):
            raise ValueError("must be a currency's code: 3 to 8 of A-Z and 0-9")
        return value

    @field_validator("admin_password")
    @classmethod
    def _administrator_has_both(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("admin_email") is None):
            raise ValueError("and PURSER_ADMIN_EMAIL go together: set both or none")
        return value

    @field_validator("max_amounts", mode="before")
    @classmethod
    def _parse_amounts(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        amounts: dict[str, Decimal] = {}
        for part in filter(None, (part.strip() for part in value.split(","))):
            code, _, amount = (piece.strip() for piece in part.partition("="))
            if not (_CURRENCY_CODE.fullmatch(code) and _PLAIN_DECIMAL.fullmatch(amount)):
                raise ValueError("must look like USD=5000.00,EUR=4000")
            if code in amounts:
                raise ValueError(f"names {code} twice")
            amounts[code] = Decimal(amount)
        return amounts

    @field_validator("max_amounts", mode="after")
    @classmethod
    def _amounts_are_positive(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        if any(not amount.is_finite() or amount <= 0 for amount in value.values()):
            raise ValueError("must be above zero for each currency")
        return value

    @field_validator("bank")
    @classmethod
    def _bank_is_an_import_path(cls, value: str | None) -> str | None:
        if value is not None and not _IMPORT_PATH.fullmatch(value):
            raise ValueError("must look like package.module:name")
        return value

    @field_validator("bank_url")
    @classmethod
    def _bank_is_reached_by_http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url or parts.query or parts.fragment or re.search(r"\s", value):
            raise ValueError("must be an http or https URL, as in https://bank.example.com/api")
        return value.rstrip("/")

    @field_validator("database_pool_max")
    @classmethod
    def _connections_suffice(cls, value: int, info: ValidationInfo) -> int:
        workers = info.data.get("workers", 1)
        needed = workers * (POOLS_A_PROCESS * value + WRITERS_A_PROCESS + CONNECTIONS_OF_LIMITS)
        # `purser serve` has one worker beside them.
        needed += value + WRITERS_A_PROCESS + CONNECTIONS_OF_DUTIES
        if info.data.get("database_url") is None and needed > EMBEDDED_CONNECTIONS_MAX:
            raise ValueError(
                f"needs more connections, times PURSER_WORKERS, than the {EMBEDDED_CONNECTIONS_MAX} "
                "that the embedded database has for them"
            )
        return value


def _describe(refused: ValidationError) -> list[str]:
    lines = []
    for error in refused.errors(include_url=False, include_context=False, include_input=False):
        # A default that waits for `environment` is not wrong itself: `environment` has a line of its own.
        if error["type"] != "default_factory_not_called":
            message = error["msg"].removeprefix("Value error, ")
            lines.append(f"{_variable(str(error['loc'][0]))}: {message[:1].lower()}{message[1:]}")
    return lines


def _variable(location: str) -> str:
    if location.upper().endswith("DATABASE_URL"):
        return "DATABASE_URL" if not os.environ.get("PURSER_DATABASE_URL") else "PURSER_DATABASE_URL"
    return f"PURSER_{location.upper()}"
