"""A process that no launcher has started counts in nobody's folder."""

import os

import pytest

from runtime.metrics_folder import FOLDER_VARIABLE, PLACE_VARIABLE, join_folder


def test_a_folder_in_the_environment_of_a_process_without_a_place_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "/nowhere")
    monkeypatch.delenv(PLACE_VARIABLE, raising=False)
    join_folder()
    assert FOLDER_VARIABLE not in os.environ
