"""The data folder of a file's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.launching import assert_nothing_runs


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """One database for all tests of the file: each starts a service of its own on it."""
    with tempfile.TemporaryDirectory(prefix="purser-test-") as folder:
        data_dir = Path(folder) / "data"
        yield data_dir
        assert_nothing_runs(data_dir)
