"""The whole programs in examples/python and examples/typescript."""

import json

import pytest

from tests.docs.examples import EXAMPLES, TypeScript, needs_node, run_python
from tests.running import Service

PRINTED = "Ada has 10.00\nThe shop has 4.50\nAsked again: replayed\n"


def test_the_first_charge_in_python(service: Service) -> None:
    program = (EXAMPLES / "python" / "first_charge.py").read_text("utf-8")
    assert run_python(program, service.url) == PRINTED


@needs_node
def test_the_first_charge_in_typescript(service: Service, typescript: TypeScript) -> None:
    assert typescript.run_file("first_charge", service.url) == PRINTED


@pytest.mark.parametrize("name", ["package.json", "package-lock.json"])
def test_no_address_of_a_package_is_locked(name: str) -> None:
    described = json.loads((EXAMPLES / "typescript" / name).read_text())
    assert not any("resolved" in package for package in described.get("packages", {}).values())
    assert "dependencies" not in described
