"""The playbook, by its own tools and by systemd's; and what it has in common with the service."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from runtime.postgresql_binaries import program
from runtime.processes import STOP_SECONDS_EXTRA
from runtime.settings import Settings
from tests.deploy.running import CHECKOUT, SECONDS_MAX

PLAYBOOK = CHECKOUT / "deploy/ansible"
ROLE = PLAYBOOK / "roles/purser"
UNITS = ("purser@.service", "purser-worker@.service", "purser-backup.service", "purser-backup.timer")
# Out of ten, and the less the better: systemd's own measure of what a service could do to its host.
EXPOSURE_MAX = 1.5
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


def run(folder: Path, *command: str) -> str:
    """What it says; fails where it does not end well. What it keeps for itself it keeps in `folder`."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command,
        cwd=PLAYBOOK,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def settings_of(name: str) -> Any:
    return yaml.safe_load((ROLE / name).read_text())


def unit(name: str) -> str:
    """Its text, on a machine where all that it runs is there."""
    written = ROLE / "files" / name
    text = written.read_text() if written.exists() else (ROLE / "templates" / f"{name}.j2").read_text()
    text = jinja2.Template(text).render(ansible_managed="", purser_backup_days=14)
    return re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("units")
    for name in UNITS:
        (folder / name).write_text(unit(name))
    return folder


def test_the_playbook_is_one(tmp_path: Path) -> None:
    run(tmp_path, "ansible-playbook", "--syntax-check", "-i", "inventory.example.yml", "site.yml")


def test_the_playbook_is_a_good_one(tmp_path: Path) -> None:
    run(
        tmp_path,
        "ansible-lint",
        "--offline",
        "--strict",
        "--profile",
        "production",
        "--project-dir",
        str(PLAYBOOK),
    )


@needs_systemd
def test_systemd_takes_the_units(units: Path, tmp_path: Path) -> None:
    said = run(tmp_path, "systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS))
    # What else is installed on this machine may have faults of its own.
    assert "purser" not in said, said


@needs_systemd
@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_the_services_may_do_little_to_their_host(units: Path, tmp_path: Path, name: str) -> None:
    said = run(tmp_path, "systemd-analyze", "security", "--offline=yes", "--no-pager", str(units / name))
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert float(exposure) <= EXPOSURE_MAX, said


def test_the_service_knows_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings_of("vars/main.yml")["purser_environment_usual"]
    defaults = settings_of("defaults/main.yml")
    given = {**defaults, "purser_secret_key": "k" * 32, "purser_allowed_hosts": ["wallets.example.com"]}
    for name, value in environment.items():
        assert name.removeprefix("PURSER_").lower() in Settings.model_fields
        monkeypatch.setenv(name, jinja2.Template(value).render(given))
    settings = Settings.load()
    assert settings.environment == "production"
    assert settings.trusted_proxies == ("127.0.0.1",)


def test_the_settings_are_what_they_were_where_a_shell_reads_them(tmp_path: Path) -> None:
    template = jinja2.Template((ROLE / "templates/purser.env.j2").read_text())
    odd = {"PURSER_SECRET_KEY": "a b$HOME\"c'd`id`\\e\\$f#g;h$(id)%i", "PURSER_ADMIN_PASSWORD": "\\"}
    (tmp_path / "purser.env").write_text(template.render(ansible_managed="", purser_environment=odd))
    said = subprocess.run(
        ["/bin/sh", "-c", "set -a && . ./purser.env && exec env -0"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    read = dict(line.split("=", 1) for line in said.split("\0") if line)
    assert {name: read[name] for name in odd} == odd


def test_no_setting_is_on_a_command_line() -> None:
    for name in ROLE.glob("tasks/*.yml"):
        for task in yaml.safe_load(name.read_text()):
            assert "purser_environment" not in str(task), task


def test_what_make_wheel_builds_is_what_is_deployed() -> None:
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    wheel = settings_of("defaults/main.yml")["purser_wheel"]
    assert wheel.endswith(f"/dist/purser-{version}-py3-none-any.whl")


def test_a_release_is_not_started_before_it_has_run_with_the_settings() -> None:
    tasks = settings_of("tasks/main.yml")
    (migrated,) = (at for at, task in enumerate(tasks) if "bin/purser migrate" in str(task))
    (linked,) = (at for at, task in enumerate(tasks) if "'state': 'link'" in str(task))
    (restarted, _) = (at for at, task in enumerate(tasks) if "restart.yml" in str(task))
    assert migrated < linked < restarted


def test_instances_that_are_out_are_restarted_first(tmp_path: Path) -> None:
    (task,) = (task for task in settings_of("tasks/main.yml") if task["name"].startswith("The instances"))
    found = [{"path": f"/run/purser-draining/{number}"} for number in (3, 7)]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"purser_instances": 4, "purser_out": {"files": found}},
        "tasks": [
            {"ansible.builtin.debug": {"msg": "next {{ item }}"}, "loop": task["loop"]},
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    said = run(tmp_path, "ansible-playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml"))
    assert re.findall(r"next (\d)", said) == ["3", "1", "2", "4"]


@pytest.mark.parametrize("name", UNITS[:2])
def test_the_units_give_the_service_the_time_that_it_takes_to_stop(name: str) -> None:
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit(name), re.MULTILINE)
    settings = Settings()
    assert int(seconds) > settings.drain_seconds + settings.shutdown_seconds_max + STOP_SECONDS_EXTRA
    named = set(re.findall(r"PURSER_\w+(?==)", unit(name)))
    assert named <= {f"PURSER_{field.upper()}" for field in Settings.model_fields}


def test_a_backup_is_complete_or_not_there_and_old_ones_go(template_dsn: str, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for name, days in (("purser-old.dump", 15), ("purser-young.dump", 13), ("another.dump", 15)):
        (backups / name).touch()
        then = time.time() - days * 86_400 - 60
        os.utime(backups / name, (then, then))
    command = [str(ROLE / "files/backup"), str(backups), "14"]
    tools = f"{Path(program('pg_dump')).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": tools, "PURSER_DATABASE_URL": template_dsn}
    subprocess.run(command, env=environment, timeout=SECONDS_MAX, check=True)
    (new,) = {path.name for path in backups.iterdir()} - {"purser-young.dump", "another.dump"}
    assert re.fullmatch(r"purser-\d{8}T\d{6}Z\.dump", new)
    assert (backups / new).stat().st_mode & 0o777 == 0o600
    environment["PURSER_DATABASE_URL"] = template_dsn.replace("/purser?", "/nothing?")
    (backups / new).unlink()
    assert subprocess.run(
        command, env=environment, capture_output=True, timeout=SECONDS_MAX, check=False
    ).returncode
    assert {path.name for path in backups.iterdir()} == {"purser-young.dump", "another.dump"}
