"""docker-compose.yml, held against the settings, the files that it mounts, and the proxy's configuration."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.nginx.instances import pool, upstreams
from runtime.processes import STOP_SECONDS_EXTRA
from runtime.settings import CONNECTIONS_OF_DUTIES, POOLS_A_PROCESS, WRITERS_A_PROCESS, Settings
from tests.deploy.running import CHECKOUT
from tests.monitoring.prometheus import needs_promtool, promtool

TEXT = (CHECKOUT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
EXAMPLE = (CHECKOUT / ".env.example").read_text()
SITE = CHECKOUT / "deploy/compose/purser-site"
CONFIGURATION = CHECKOUT / "deploy/compose/prometheus.yml"
INSTANCES = ["purser", "purser-2"]
WORKERS = ["worker", "worker-2"]
# The superuser's reserve, and somebody with psql.
CONNECTIONS_OF_OTHERS = 10


def filled_in(value: object) -> str:
    """As compose puts it in where the environment names what has to be named, and nothing else."""
    return re.sub(r"\$\{(\w+):([-?])(.*?)\}", lambda m: m[3] if m[2] == "-" else "s" * 40, str(value))


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PURSER_ENVIRONMENT", "production")
    for name, value in SERVICES[service]["environment"].items():
        assert name.removeprefix("PURSER_").lower() in Settings.model_fields
        monkeypatch.setenv(name, filled_in(value))
    return Settings.load()


def port_of(service: str) -> str:
    (published,) = SERVICES[service]["ports"]
    return str(published.rpartition(":")[2])


def address_of(service: str) -> str:
    return str(SERVICES[service]["networks"]["default"]["ipv4_address"])


def test_the_plain_command_stays_small() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "purser",
        "worker",
        "postgres",
    }


@pytest.mark.parametrize("service", INSTANCES + WORKERS)
def test_the_service_starts_with_these_settings(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(service, monkeypatch)
    assert settings.host == "0.0.0.0"
    assert settings.trusted_proxies == (address_of("proxy"),)
    grace_seconds = int(SERVICES[service]["stop_grace_period"].removesuffix("s"))
    assert grace_seconds > settings.drain_seconds + settings.shutdown_seconds_max + STOP_SECONDS_EXTRA


def test_the_example_names_what_has_to_be_named() -> None:
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) <= set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    known = {f"PURSER_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in named if name.startswith("PURSER_")} <= known


def test_what_is_mounted_is_there_and_is_only_read() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, target, *mode = volume.split(":")
            if source.startswith("./"):
                assert mode == ["ro"]
                assert (CHECKOUT / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]
            # One inside of another that is only read has nowhere to be mounted to.
            for other in service["volumes"]:
                assert not (target.startswith(other.split(":")[1] + "/") and other.endswith(":ro")), target


def test_the_proxy_has_both_instances_behind_it() -> None:
    # A name that is gone would keep nginx from starting, and is looked up but once.
    addresses = [f"{address_of(name)}:{SERVICES[name]['environment']['PURSER_PORT']}" for name in INSTANCES]
    assert (SITE / "instances.conf").read_text() == upstreams(addresses)
    assert (SITE / "pool.conf").read_text() == pool("/run/draining", len(INSTANCES))
    assert any(mount.startswith("/run/draining:") for mount in SERVICES["proxy"]["tmpfs"])
    listening = [
        line for line in (SITE / "listen.conf").read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert listening == [
        f"listen {port_of('proxy')};",
        "access_log /dev/stdout purser;",
        "set $purser_scheme $scheme;",
    ]
    assert len({address_of(name) for name in (*INSTANCES, "proxy")}) == 3


def test_what_ends_tls_in_front_of_it_is_told_the_address_that_it_has() -> None:
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert f"set_real_ip_from {network['gateway']};" in (SITE / "listen.conf").read_text()
    assert f"PURSER_TRUSTED_PROXIES={network['gateway']}`" in (CHECKOUT / "docs/deploying.md").read_text()


def test_prometheus_asks_all_that_run_by_their_names() -> None:
    asked = yaml.safe_load(CONFIGURATION.read_text())
    jobs = {job.pop("job_name"): job for job in asked.pop("scrape_configs")}
    for job, port, names in (
        ("purser", "PURSER_PORT", INSTANCES),
        ("purser-worker", "PURSER_WORKER_PORT", WORKERS),
    ):
        ((by_name,), (label,)) = jobs[job]["dns_sd_configs"], jobs[job]["relabel_configs"]
        assert by_name["names"] == names
        assert {SERVICES[name]["environment"][port] for name in names} == {by_name["port"]}
        assert label["replacement"] == f"$1:{by_name['port']}"
    usual = yaml.safe_load((CHECKOUT / "deploy/prometheus/prometheus.yml").read_text())
    assert [job["job_name"] for job in usual.pop("scrape_configs")] == list(jobs)
    assert asked == usual


@needs_promtool
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "deploy/prometheus/rules.yml", tmp_path)
    for file in (CONFIGURATION, CHECKOUT / "deploy/prometheus/prometheus.yml"):
        shutil.copy(file, tmp_path)
        promtool("check", "config", tmp_path / file.name)


def test_the_database_has_connections_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("purser", monkeypatch)
    process = POOLS_A_PROCESS * settings.database_pool_max + WRITERS_A_PROCESS
    worker = settings.database_pool_max + WRITERS_A_PROCESS + CONNECTIONS_OF_DUTIES
    (connections_max,) = re.findall(r"max_connections=(\d+)", " ".join(SERVICES["postgres"]["command"]))
    needed = len(INSTANCES) * settings.workers * process + len(WORKERS) * worker
    assert needed + CONNECTIONS_OF_OTHERS <= int(connections_max)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_none_of_them_writes_to_its_image_or_may_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
