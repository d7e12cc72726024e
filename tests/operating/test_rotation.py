"""Rotating PURSER_SECRET_KEY as docs/security.md has it: instance after instance, and no session ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.client import Answer, Api
from tests.databases import copy_database
from tests.running import running_service

OLD, NEW = "the-old-secret-of-these-tests-0123456789", "the-new-secret-of-these-tests-0123456789"
WHO = "{ viewer { role } }"


@pytest.fixture
def dsn(template_dsn: str) -> str:
    return copy_database(template_dsn, "rotation")


@contextmanager
def instance(folder: Path, dsn: str, keys: str) -> Iterator[str]:
    settings = {"PURSER_DATABASE_URL": dsn, "PURSER_SECRET_KEY": keys}
    with running_service(folder, workers=1, settings=settings) as service:
        yield service.url


async def asked_at(url: str, token: str) -> Answer:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        return await Api(http, token).ask(WHO)


async def signed_up_at(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        token = (await Api(http).sign_up_client()).token
    assert token is not None
    return token


async def test_each_step_accepts_what_the_one_before_signed(tmp_path: Path, dsn: str) -> None:
    with instance(tmp_path, dsn, OLD) as first, instance(tmp_path, dsn, f"{OLD},{NEW}") as second:
        old = await signed_up_at(first)
        assert (await asked_at(second, old)).data["viewer"]
        between = await signed_up_at(second)
        assert (await asked_at(first, between)).data["viewer"]
    with instance(tmp_path, dsn, f"{NEW},{OLD}") as third, instance(tmp_path, dsn, NEW) as fourth:
        assert (await asked_at(third, old)).data["viewer"]
        new = await signed_up_at(third)
        assert (await asked_at(fourth, new)).data["viewer"]
        assert (await asked_at(fourth, old)).error_codes == ["UNAUTHENTICATED"]
