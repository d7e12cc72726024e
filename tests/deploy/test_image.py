"""What the image is made of suffices: the files that docker is given, the lock file, and a file system to read only."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from fnmatch import fnmatch
from pathlib import Path, PurePath

import pytest
from packaging.requirements import Requirement

from tests.databases import copy_database
from tests.deploy.running import CHECKOUT
from tests.running import free_port
from tests.runtime.processes import SECONDS_MAX, wait_until

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
PATTERNS = (CHECKOUT / ".dockerignore").read_text().split()


def is_let_through(path: PurePath) -> bool:
    """By .dockerignore, where the last pattern that fits a path, or a folder above it, decides."""
    ignored = False
    for pattern in PATTERNS:
        wanted = pattern.removeprefix("!").removeprefix("**/")
        candidates = [path, *path.parents]
        if "**/" in pattern:
            candidates = [PurePath(part) for part in path.parts]
        if any(fnmatch(str(candidate), wanted) for candidate in candidates if str(candidate) != "."):
            ignored = not pattern.startswith("!")
    return not ignored


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what docker gets, as the Dockerfile builds it: without a network."""
    context = tmp_path_factory.mktemp("context")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(lambda name: is_let_through(PurePath(name)), listed.stdout.splitlines()):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, context / name)
    subprocess.run(
        [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(context / "dist")],
        cwd=context,
        capture_output=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    (built,) = (context / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and with what the lock file names, less what the Dockerfile takes away again."""
    folder = tmp_path_factory.mktemp("site")
    (uninstalled,) = re.findall(r"pip uninstall --yes (.*)$", DOCKERFILE, re.MULTILINE)
    for line in re.findall(r"^[\w.-]+==[^\\]*", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE):
        required = Requirement(line)
        if required.name in uninstalled.split() or not (
            required.marker is None or required.marker.evaluate()
        ):
            continue
        distribution = importlib.metadata.distribution(required.name)
        assert distribution.version in required.specifier
        for part in {
            file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            (folder / part).unlink(missing_ok=True)
            (folder / part).symlink_to(str(distribution.locate_file(part)))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_every_module_and_every_migration_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    beside_the_service = ("tests/", "bench/", "deploy/", "examples/", "web/vendor")
    needed = {
        name
        for name in listed.stdout.splitlines()
        if name.endswith((".py", ".sql")) and not name.startswith(beside_the_service)
    }
    assert needed <= packed
    assert not any(name.startswith(beside_the_service) for name in packed)


def test_it_serves_with_nothing_else_and_writes_nothing_beside_its_data(
    site: Path, template_dsn: str, tmp_path: Path
) -> None:
    files = sorted(site.rglob("*"))
    environment = {
        **dict(re.findall(r"(PYTHON\w+|PURSER_\w+)=(\S+)", DOCKERFILE)),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(site),
        "PYTHONNOUSERSITE": "1",
        "DATABASE_URL": copy_database(template_dsn, "image"),
        "PURSER_SECRET_KEY": "k" * 32,
        "PURSER_ALLOWED_HOSTS": "wallets.example.com",
        "PURSER_PORT": str(free_port()),
        "PURSER_HOST": "127.0.0.1",
        "PURSER_DATA_DIR": str(tmp_path / "data"),
        "TMPDIR": str(tmp_path),
    }
    assert environment["PURSER_ENVIRONMENT"] == "production"
    # The interpreter that the environment of the tests was made from has none of its packages.
    python = getattr(sys, "_base_executable", sys.executable)
    site.chmod(0o555)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-P", "-m", "cli", "serve"], env=environment, cwd=site, stdout=log, stderr=log
        )
    with process:
        try:
            said = tmp_path / "log"
            wait_until(lambda: process.poll() is not None or "is ready" in said.read_text(), "it is ready")
            assert process.poll() is None, said.read_text()
            health = [python, str(CHECKOUT / "deploy/healthcheck.py")]
            subprocess.run(health, env=environment, timeout=SECONDS_MAX, check=True)
            ask = urllib.request.Request(
                f"http://127.0.0.1:{environment['PURSER_PORT']}/graphql",
                data=b'{"query": "{ __typename }"}',
                headers={"Content-Type": "application/json", "Host": "wallets.example.com"},
            )
            with urllib.request.urlopen(ask, timeout=SECONDS_MAX) as answer:
                assert json.load(answer) == {"data": {"__typename": "Query"}}
        finally:
            process.terminate()
            assert process.wait(SECONDS_MAX) == 0
    site.chmod(0o755)
    assert sorted(site.rglob("*")) == files


def test_the_health_check_fails_where_nobody_answers() -> None:
    health = [sys.executable, str(CHECKOUT / "deploy/healthcheck.py"), str(free_port())]
    assert subprocess.run(health, capture_output=True, timeout=SECONDS_MAX, check=False).returncode != 0
