"""What several pages' tests need."""

import pytest

from tests.docs.examples import TypeScript, install_typescript


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> TypeScript:
    """examples/typescript, installed; only for tests that `needs_node`."""
    return install_typescript(tmp_path_factory.mktemp("typescript") / "examples")
