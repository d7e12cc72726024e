"""Wallet tokens: unguessable, one spelling each, and anything else opens nothing."""

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tokens import NOWHERE, SECRET_BYTES, WalletToken, new_secret, read_token, write_token

secrets = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)


@given(st.uuids(), secrets)
def test_a_token_comes_back_as_what_it_was_made_of(wallet_id: UUID, secret: bytes) -> None:
    token = write_token(wallet_id, secret)
    assert read_token(token) == WalletToken(wallet_id, secret)
    assert len(token) == 44
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


@given(st.uuids(), secrets, st.integers(0, 43), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_changed_character_is_another_token(
    wallet_id: UUID, secret: bytes, place: int, character: str
) -> None:
    token = write_token(wallet_id, secret)
    changed = token[:place] + character + token[place + 1 :]
    assert (read_token(changed) == read_token(token)) == (changed == token)


def test_secrets_have_at_least_128_bits_and_never_repeat() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(secret) * 8 >= 128 for secret in made)


@given(secrets, secrets)
def test_only_the_same_secret_opens(one: bytes, other: bytes) -> None:
    assert WalletToken(UUID(int=1), one).opens(other) == (one == other)


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 43, "A" * 45, "A" * 43 + "=", "A" * 43 + "+", "A" * 43 + "/", "é" * 44, "A" * 43 + "\n"],
)
def test_what_is_no_token_stands_for_nowhere(text: str) -> None:
    assert read_token(text) == NOWHERE


@given(st.text(max_size=60))
def test_reading_never_fails(text: str) -> None:
    read = read_token(text)
    assert read == NOWHERE or write_token(*read) == text


def test_nowhere_opens_no_wallet() -> None:
    assert not NOWHERE.opens(new_secret())
