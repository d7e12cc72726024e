"""What the data of an account must look like, and how it is refused."""

from typing import Any

import pytest

from auth.profile_rules import (
    ClientDetails,
    CompanyDetails,
    check_client,
    check_company,
    check_email,
    check_password,
)
from ledger.rejections import ErrorCode, Rejection

CLIENT = {
    "email": "alice@example.com",
    "password": "correct horse battery",
    "first_name": "Alice",
    "last_name": "Liddell",
    "phone_number": "+4915112345678",
}
COMPANY = CLIENT | {"name": "Hatter & Hare", "url": "https://hatter.example.com/tea?cups=2"}


def refusals(found: object) -> dict[str, ErrorCode]:
    assert isinstance(found, list)
    return {rejection.field[0]: rejection.code for rejection in found}


def client(**changes: str) -> ClientDetails | list[Rejection]:
    whole: dict[str, Any] = CLIENT | changes
    return check_client(**whole)


def company(**changes: str) -> CompanyDetails | list[Rejection]:
    whole: dict[str, Any] = COMPANY | changes
    return check_company(**whole)


def test_good_data_are_kept_as_typed_but_for_trimmed_names() -> None:
    assert client(first_name="  Alice\t", email="Alice@Example.COM") == ClientDetails(
        check_email("Alice@example.com"),  # type: ignore[arg-type]
        "Alice",
        "Liddell",
        "+4915112345678",
    )
    details = company(name=" Hatter & Hare ")
    assert isinstance(details, CompanyDetails)
    assert (details.name, details.url) == ("Hatter & Hare", COMPANY["url"])


def test_all_problems_are_told_at_once() -> None:
    found = check_company(
        email="nobody",
        password="123",
        name=" ",
        url="ftp://x.y",
        first_name="",
        last_name="x" * 36,
        phone_number="1",
    )
    assert refusals(found) == {
        "email": ErrorCode.EMAIL_INVALID,
        "password": ErrorCode.PASSWORD_TOO_WEAK,
        "name": ErrorCode.BLANK,
        "url": ErrorCode.URL_INVALID,
        "firstName": ErrorCode.BLANK,
        "lastName": ErrorCode.TOO_LONG,
        "phoneNumber": ErrorCode.PHONE_NUMBER_INVALID,
    }


@pytest.mark.parametrize(
    "text", ["a@b.io", "a.b+c@shop.test", "ÅSA@exämple.com", "o'hara@example.com", "x" * 64 + "@example.com"]
)
def test_good_emails(text: str) -> None:
    email = check_email(text)
    assert not isinstance(email, Rejection)
    assert getattr(check_email(text.swapcase()), "key", None) == email.key


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.EMAIL_INVALID),
        ("alice", ErrorCode.EMAIL_INVALID),
        ("alice@", ErrorCode.EMAIL_INVALID),
        ("@example.com", ErrorCode.EMAIL_INVALID),
        ("alice@example", ErrorCode.EMAIL_INVALID),
        ("alice@exa mple.com", ErrorCode.EMAIL_INVALID),
        (" alice@example.com", ErrorCode.EMAIL_INVALID),
        ("a@b@example.com", ErrorCode.EMAIL_INVALID),
        ("Alice <alice@example.com>", ErrorCode.EMAIL_INVALID),
        ("alice@127.0.0.1", ErrorCode.EMAIL_INVALID),
        ("x" * 244 + "@example.com", ErrorCode.TOO_LONG),
        ("x" * 243 + "@example.com", ErrorCode.EMAIL_INVALID),
        ("alice@example.com\n", ErrorCode.INVALID),
        ("ali\0ce@example.com", ErrorCode.INVALID),
        ("ali\ud800ce@example.com", ErrorCode.INVALID),
    ],
)
def test_bad_emails(text: str, code: ErrorCode) -> None:
    found = check_email(text)
    assert isinstance(found, Rejection)
    assert (found.code, found.field) == (code, ("email",))


@pytest.mark.parametrize("name", ["A", "x" * 35, "  " + "x" * 35 + "  ", "王", "Zoë-Anne O'Neil", "<b>&amp;"])
def test_good_names(name: str) -> None:
    assert isinstance(client(first_name=name, last_name=name), ClientDetails)
    assert isinstance(company(name=name), CompanyDetails)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", ErrorCode.BLANK),
        ("  \t ", ErrorCode.BLANK),
        ("\u200b\u2003", ErrorCode.BLANK),
        ("x" * 36, ErrorCode.TOO_LONG),
        ("a\0b", ErrorCode.INVALID),
        ("a\nb", ErrorCode.INVALID),
        ("a\x1b[31mb", ErrorCode.INVALID),
        ("a\u2028b", ErrorCode.INVALID),
        ("\udc00", ErrorCode.INVALID),
    ],
)
def test_bad_names(name: str, code: ErrorCode) -> None:
    assert refusals(client(first_name=name)) == {"firstName": code}
    assert refusals(client(last_name=name)) == {"lastName": code}
    assert refusals(company(name=name)) == {"name": code}


@pytest.mark.parametrize(
    "url",
    [
        "http://a.io",
        "HTTPS://Shop.Example.com",
        "https://shop.example.com:8443/a?b#c",
        "https://exämple.com/",
        "http://localhost:3000",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "https://example.com/" + "x" * 50,
    ],
)
def test_good_urls(url: str) -> None:
    assert isinstance(company(url=url), CompanyDetails)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", ErrorCode.URL_INVALID),
        ("shop.example.com", ErrorCode.URL_INVALID),
        ("ftp://example.com", ErrorCode.URL_INVALID),
        ("javascript:alert(1)//example.com", ErrorCode.URL_INVALID),
        ("https://", ErrorCode.URL_INVALID),
        ("https:///path", ErrorCode.URL_INVALID),
        ("https://shop", ErrorCode.URL_INVALID),
        ("https://-a.com", ErrorCode.URL_INVALID),
        ("https://a..com", ErrorCode.URL_INVALID),
        ("https://1.1.1.1.1", ErrorCode.URL_INVALID),
        ("https://[::1", ErrorCode.URL_INVALID),
        ("https://a.com:99999", ErrorCode.URL_INVALID),
        ("https://a.com:x", ErrorCode.URL_INVALID),
        ("https://exa mple.com", ErrorCode.URL_INVALID),
        (" https://example.com", ErrorCode.URL_INVALID),
        ("https://bank.com@evil.com", ErrorCode.URL_INVALID),
        ("https://example.com/" + "x" * 51, ErrorCode.TOO_LONG),
        ("https://example.com/\n", ErrorCode.INVALID),
        ("https://example.com/\0", ErrorCode.INVALID),
        ("https://example.com/\ud800", ErrorCode.INVALID),
    ],
)
def test_bad_urls(url: str, code: ErrorCode) -> None:
    assert refusals(company(url=url)) == {"url": code}


@pytest.mark.parametrize("number", ["123456789", "+123456789", "+1123456789", "1" * 16, "+1" + "2" * 15])
def test_good_phone_numbers(number: str) -> None:
    assert isinstance(client(phone_number=number), ClientDetails)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", ErrorCode.PHONE_NUMBER_INVALID),
        ("12345678", ErrorCode.PHONE_NUMBER_INVALID),
        ("2" * 16, ErrorCode.PHONE_NUMBER_INVALID),
        ("++123456789", ErrorCode.PHONE_NUMBER_INVALID),
        ("0049 151 123456", ErrorCode.PHONE_NUMBER_INVALID),
        ("12345678a", ErrorCode.PHONE_NUMBER_INVALID),
        ("١٢٣٤٥٦٧٨٩", ErrorCode.PHONE_NUMBER_INVALID),
        ("123456789\n", ErrorCode.INVALID),
        ("123456789\0", ErrorCode.INVALID),
    ],
)
def test_bad_phone_numbers(number: str, code: ErrorCode) -> None:
    assert refusals(client(phone_number=number)) == {"phoneNumber": code}


def test_a_password_is_compared_with_everything_said() -> None:
    for like in ["alice@example", "LiddellAlice", "4915112345678x"]:
        assert refusals(client(password=like)) == {"password": ErrorCode.PASSWORD_TOO_WEAK}
    for like in ["hatter-and-hare", "hatter.example"]:
        assert refusals(company(password=like)) == {"password": ErrorCode.PASSWORD_TOO_WEAK}
    assert isinstance(client(password="hatter-and-hare"), ClientDetails)


@pytest.mark.parametrize("password", ["correct\0horse battery", "correct\ud800horse battery"])
def test_passwords_that_can_not_be_typed(password: str) -> None:
    assert refusals(check_password(password, ())) == {"password": ErrorCode.INVALID}
