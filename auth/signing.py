"""What the service signs and gives away: JSON Web Tokens by HMAC-SHA256, and the keys that sign them.

Each use has an audience of its own, so that what was signed for one is nothing to another.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

ALGORITHM = "HS256"
ISSUER = "purser"
# Ours have some 400 characters.
SIGNED_CHARACTERS_MAX = 1024
# How far the clocks of two machines may differ.
CLOCK_DIFFERENCE_SECONDS_MAX = 5

# What PyJWT lets through on garbage that is no token at all, beside errors of its own.
_GARBAGE = (jwt.PyJWTError, ValueError, TypeError, KeyError)


class BadSignature(Exception):
    """The text was not signed here for this use, or its time has not come or is over. Why is never told."""


def key_id(secret: str) -> str:
    """The name by which a token says which key signed it; it tells nothing of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


class Keys:
    """Signs and verifies. Of several secrets the first one signs; all of them verify."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = {key_id(secret): secret for secret in secrets}
        self._signing_key_id = key_id(secrets[0])

    def sign(self, claims: Mapping[str, object], *, audience: str, now: int, expires_at: int) -> str:
        """The claims with who signed them, for whom and for how long; times in whole seconds of Unix time."""
        whole = {"iss": ISSUER, "aud": audience, "iat": now, "nbf": now, "exp": expires_at, **claims}
        secret = self._secrets[self._signing_key_id]
        return jwt.encode(whole, secret, algorithm=ALGORITHM, headers={"kid": self._signing_key_id})

    def verify(self, text: str, *, audience: str, required: Sequence[str]) -> dict[str, Any]:
        """The claims that were signed for this audience, the required ones among them. Raises BadSignature.

        That it expires is told by a clock that may go late; who needs it to the second looks at `exp`.
        """
        if len(text) > SIGNED_CHARACTERS_MAX or not text.isascii():
            raise BadSignature
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._secrets[jwt.get_unverified_header(text)["kid"]],
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                leeway=CLOCK_DIFFERENCE_SECONDS_MAX,
                options={"require": ["iss", "aud", "iat", "nbf", "exp", *required]},
            )
        except _GARBAGE:
            raise BadSignature from None
        return claims
