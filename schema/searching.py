"""Texts to search for."""

from schema.failures import Failure, FailureCode

SEARCH_CHARACTERS_MAX = 255


def read_search(text: str | None) -> str | None:
    """The text itself. Raises Failure for one that is longer than anything it could be found in."""
    if text is not None and len(text) > SEARCH_CHARACTERS_MAX:
        message = f"A text to search for has at most {SEARCH_CHARACTERS_MAX} characters."
        raise Failure(FailureCode.BAD_USER_INPUT, message)
    return text
