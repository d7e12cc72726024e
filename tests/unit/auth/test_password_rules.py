"""Which passwords are refused, and with what words."""

import time

import pytest

from auth.password_rules import _COMMON, weaknesses
from ledger.rejections import ErrorCode

PERSONAL = (
    "Alice.Wonderland@Example.com",
    "Alice",
    "Pleasance",
    "Alice Pleasance",
    "Looking-Glass Books",
    "lookingglass.example.com",
    "+4915112345678",
)


@pytest.mark.parametrize(
    "password",
    ["tr0ub4dor&3 horse", "correct horse battery", "Ъыкуфг-ющц7", "x7$kQ!p2", "q" * 3 + "w7ß" * 41 + "!?"],
)
def test_good_passwords(password: str) -> None:
    assert weaknesses(password, PERSONAL) == []


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "shorter than 8"),
        ("x7$kQ!p", "shorter than 8"),
        ("x7$kQ!p2" * 16 + "z", "longer than 128"),
        ("8273645190", "all digits"),
        ("٣٨٢٧٦٤٥١٩٠", "all digits"),
        ("password", "everyone tries"),
        ("PassWord1", "everyone tries"),
        (" qwertyuiop ", "everyone tries"),
        ("trustno1", "everyone tries"),
        ("alice.wonderland", "own data"),
        ("Wonderland1", "own data"),
        ("ALICEPLEASANCE", "own data"),
        ("alice_pleasance!", "own data"),
        ("lookingglass", "own data"),
        ("Looking-Glass", "own data"),
        ("Tel+4915112345678", "own data"),
        ("alice.wonderland@example.com", "own data"),
    ],
)
def test_weak_passwords(password: str, reason: str) -> None:
    found = weaknesses(password, PERSONAL)
    assert any(reason in rejection.message for rejection in found)
    assert {rejection.code for rejection in found} == {ErrorCode.PASSWORD_TOO_WEAK}
    assert {rejection.field for rejection in found} == {("password",)}


def test_every_reason_is_told_at_once() -> None:
    messages = [rejection.message for rejection in weaknesses("1234567", ["1234567"])]
    assert len(messages) == len(set(messages)) == 3


def test_the_field_is_what_the_input_calls_it() -> None:
    assert weaknesses("short", (), "newPassword")[0].field == ("newPassword",)


def test_the_list_of_common_passwords_is_there() -> None:
    assert len(_COMMON) > 10_000


def test_any_input_is_judged_in_little_time() -> None:
    hostile = ["".join(f"ab{part}." for part in range(60_000)) for _ in range(5)]
    start = time.process_time()
    weaknesses("ab" * 64, hostile)
    weaknesses("x" * 1_000_000, hostile)
    assert time.process_time() - start < 1
