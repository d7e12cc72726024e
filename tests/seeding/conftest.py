"""Seeded worlds: small ones, each made by the real command."""

import pytest

from tests.databases import copy_database
from tests.seeding.seeds import Seeded, seed


@pytest.fixture(scope="session")
def world(template_dsn: str) -> Seeded:
    """A small world that nobody changes."""
    return seed(copy_database(template_dsn, "world"))


@pytest.fixture(scope="session")
def dsn(world: Seeded) -> str:
    return world.dsn


@pytest.fixture
def empty_dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    """A migrated database with nothing in it."""
    return copy_database(template_dsn, f"seeding {request.node.name}")
