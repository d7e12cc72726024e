"""Databases for commands: migrated, and the test's own."""

import secrets

import pytest

from tests.databases import copy_database


@pytest.fixture
def dsn(template_dsn: str) -> str:
    """A database for each test: what commands do to it stays done."""
    return copy_database(template_dsn, f"command {secrets.token_hex(6)}")
