"""Which passwords are too easy to guess. Pure: no clock, no database, a bounded cost for any input."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from ledger.rejections import ErrorCode, Rejection

CHARACTERS_MIN = 8
CHARACTERS_MAX = 128
# As in Django's UserAttributeSimilarityValidator: 1.0 is the same text, 0.0 nothing in common.
SIMILARITY_MAX = 0.7

# Shorter ones are refused for their length, so there is no need to keep them.
_COMMON: frozenset[str] = frozenset(
    password.casefold() for password in FREQUENCY_LISTS["passwords"] if len(password) >= CHARACTERS_MIN
)
# The longest thing that anyone says of themselves here is an e-mail address.
_PERSONAL_CHARACTERS_MAX = 255


def weaknesses(password: str, personal: Iterable[str], field: str = "password") -> list[Rejection]:
    """Every reason to refuse this password, as PASSWORD_TOO_WEAK each with a message of its own.

    `personal` is what the account's owner said of themselves: names, e-mail, host, phone number.
    `field` is what the input calls the password.
    """
    if len(password) > CHARACTERS_MAX:
        # Nothing more is asked of it: what is long must stay cheap to refuse.
        return [_weak(field, f"The password is longer than {CHARACTERS_MAX} characters.")]
    found = []
    if len(password) < CHARACTERS_MIN:
        found.append(_weak(field, f"The password is shorter than {CHARACTERS_MIN} characters."))
    if password.isdigit():
        found.append(_weak(field, "The password is all digits."))
    if password.strip().casefold() in _COMMON:
        found.append(_weak(field, "The password is one of those that everyone tries first."))
    if _is_like_any(password.casefold(), personal):
        found.append(_weak(field, "The password is too much like the account's own data."))
    return found


def is_hashable(password: str) -> bool:
    """Could this text be a password at all? NUL, lone surrogates and endless ones could not."""
    if len(password) > CHARACTERS_MAX or "\0" in password:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in password)


def _weak(field: str, message: str) -> Rejection:
    return Rejection(ErrorCode.PASSWORD_TOO_WEAK, message, (field,))


def _is_like_any(password: str, personal: Iterable[str]) -> bool:
    return any(_is_like(password, part) for part in _parts(personal))


def _parts(personal: Iterable[str]) -> list[str]:
    parts: dict[str, None] = {}
    for text in personal:
        whole = text[:_PERSONAL_CHARACTERS_MAX].casefold()
        parts |= dict.fromkeys(re.split(r"[\W_]+", whole))
        parts[whole] = None
        parts[re.sub(r"[\W_]+", "", whole)] = None
    parts.pop("", None)
    return list(parts)


def _is_like(password: str, part: str) -> bool:
    # The ratio can't be above 2 * shorter / both: most parts are too short or too long to matter.
    if 2 * min(len(password), len(part)) < SIMILARITY_MAX * (len(password) + len(part)):
        return False
    matcher = SequenceMatcher(a=password, b=part, autojunk=False)
    return matcher.quick_ratio() >= SIMILARITY_MAX and matcher.ratio() >= SIMILARITY_MAX
