"""What the data of an account must look like. Pure; every problem is found at once, not one a request.

Names are trimmed; nothing else is changed, so that what was typed is what is stored.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from auth.password_rules import is_hashable, weaknesses
from ledger.rejections import ErrorCode, Rejection

EMAIL_CHARACTERS_MAX = 255
NAME_CHARACTERS_MAX = 35
URL_CHARACTERS_MAX = 70

_PHONE_NUMBER = re.compile(r"\+?1?[0-9]{9,15}")
_HOST_LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")


@dataclass(frozen=True, slots=True)
class Email:
    """An address as its owner writes it, and the `key` that all spellings of it share."""

    address: str
    key: str


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """What a client says at sign-up, checked and as it is to be stored."""

    email: Email
    first_name: str
    last_name: str
    phone_number: str


@dataclass(frozen=True, slots=True)
class CompanyDetails:
    """What a company says at sign-up, checked and as it is to be stored."""

    email: Email
    name: str
    url: str
    first_name: str
    last_name: str
    phone_number: str


def check_client(
    *, email: str, password: str, first_name: str, last_name: str, phone_number: str
) -> ClientDetails | list[Rejection]:
    """The details to store, or everything that is wrong with them, by the API's field names."""
    address = check_email(email)
    first, last = first_name.strip(), last_name.strip()
    problems = _gather(
        address,
        *check_password(password, (email, first, last, f"{first} {last}", f"{last} {first}", phone_number)),
        _name_problem("firstName", first),
        _name_problem("lastName", last),
        _phone_number_problem(phone_number),
    )
    if problems or isinstance(address, Rejection):
        return problems
    return ClientDetails(address, first, last, phone_number)


def check_company(
    *, email: str, password: str, name: str, url: str, first_name: str, last_name: str, phone_number: str
) -> CompanyDetails | list[Rejection]:
    """The details to store, or everything that is wrong with them, by the API's field names."""
    address = check_email(email)
    company, first, last = name.strip(), first_name.strip(), last_name.strip()
    personal = (
        email,
        company,
        first,
        last,
        f"{first} {last}",
        f"{last} {first}",
        _host(url) or "",
        phone_number,
    )
    problems = _gather(
        address,
        *check_password(password, personal),
        _name_problem("name", company),
        _url_problem(url),
        _name_problem("firstName", first),
        _name_problem("lastName", last),
        _phone_number_problem(phone_number),
    )
    if problems or isinstance(address, Rejection):
        return problems
    return CompanyDetails(address, company, url, first, last, phone_number)


def check_email(text: str) -> Email | Rejection:
    """An e-mail address of at most 255 characters. Whether anyone reads it is not asked of the DNS."""
    if is_unprintable(text):
        return Rejection(ErrorCode.INVALID, "The e-mail address contains control characters.", ("email",))
    too_long = Rejection(
        ErrorCode.TOO_LONG,
        f"The e-mail address is longer than {EMAIL_CHARACTERS_MAX} characters.",
        ("email",),
    )
    if len(text) > EMAIL_CHARACTERS_MAX:
        return too_long
    try:
        # "Test environment" admits names under .test, which are for trying things out (RFC 6761).
        address = validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return Rejection(ErrorCode.EMAIL_INVALID, "This is not an e-mail address.", ("email",))
    key = fold(address)
    # Folding may lengthen: "ß" becomes "ss".
    return too_long if len(key) > EMAIL_CHARACTERS_MAX else Email(address, key)


def check_password(password: str, personal: tuple[str, ...], field: str = "password") -> list[Rejection]:
    """Every reason not to take this password; `personal` is what its owner said of themselves."""
    found = weaknesses(password, personal, field)
    if not found and not is_hashable(password):
        found.append(
            Rejection(ErrorCode.INVALID, "The password contains characters nobody can type.", (field,))
        )
    return found


def fold(text: str) -> str:
    """What all spellings of a text share: upper and lower case make no difference."""
    return unicodedata.normalize("NFC", text.casefold())


def is_unprintable(text: str) -> bool:
    """Does it contain NUL, another control character, a line separator or half a surrogate pair?"""
    return any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


def _gather(*found: object) -> list[Rejection]:
    return [problem for problem in found if isinstance(problem, Rejection)]


def _name_problem(field: str, name: str) -> Rejection | None:
    if is_unprintable(name):
        return Rejection(ErrorCode.INVALID, "The name contains control characters.", (field,))
    if len(name) > NAME_CHARACTERS_MAX:
        message = f"The name is longer than {NAME_CHARACTERS_MAX} characters."
        return Rejection(ErrorCode.TOO_LONG, message, (field,))
    # A zero-width space is neither a space nor printable: only such would look blank too.
    if not any(character.isprintable() and not character.isspace() for character in name):
        return Rejection(ErrorCode.BLANK, "A name is needed here.", (field,))
    return None


def _url_problem(url: str) -> Rejection | None:
    if is_unprintable(url):
        return Rejection(ErrorCode.INVALID, "The URL contains control characters.", ("url",))
    if len(url) > URL_CHARACTERS_MAX:
        return Rejection(
            ErrorCode.TOO_LONG, f"The URL is longer than {URL_CHARACTERS_MAX} characters.", ("url",)
        )
    if _host(url) is None:
        return Rejection(
            ErrorCode.URL_INVALID, "This is not a URL such as https://shop.example.com.", ("url",)
        )
    return None


def _phone_number_problem(number: str) -> Rejection | None:
    if is_unprintable(number):
        message = "The phone number contains control characters."
        return Rejection(ErrorCode.INVALID, message, ("phoneNumber",))
    if _PHONE_NUMBER.fullmatch(number) is None:
        message = "This is not a phone number such as +4915112345678."
        return Rejection(ErrorCode.PHONE_NUMBER_INVALID, message, ("phoneNumber",))
    return None


def _host(url: str) -> str | None:
    """The host of an http or https URL that a visitor could open; None for anything else."""
    if len(url) > URL_CHARACTERS_MAX or any(character.isspace() for character in url):
        return None
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    return host if _is_host(host) else None


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        # A number as the last label is a mistyped IP address, a lone label no public name.
        is_name = (len(labels) > 1 and not labels[-1].isdigit()) or labels == ["localhost"]
        return is_name and all(_HOST_LABEL.fullmatch(label) for label in labels)
    return True
