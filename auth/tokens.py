"""Bearer tokens: JSON Web Tokens signed by HMAC-SHA256, and the keys that sign them.

A token is remembered once it was verified, because the hot path asks about the same few thousand
tokens again and again: what is remembered is looked up by the whole token, so a forged one is never
taken for it. Whether it has expired is asked each time, whether its session was ended elsewhere.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt

from auth.errors import Unauthenticated
from auth.principal import Principal, Role

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "purser"
CLAIMS = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "role"]
# Ours have some 400 characters.
TOKEN_CHARACTERS_MAX = 1024
# How far the clocks of two machines may differ; it never prolongs a token, see `verify`.
CLOCK_DIFFERENCE_SECONDS_MAX = 5
# At about 1 kB each.
REMEMBERED_MAX = 20_000

# What PyJWT lets through on garbage that is no token at all, beside errors of its own.
_GARBAGE = (jwt.PyJWTError, ValueError, TypeError, KeyError)


def key_id(secret: str) -> str:
    """The name by which a token says which key signed it; it tells nothing of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    expires_at_unix: float


class Tokens:
    """Issues and verifies tokens. Of several secrets the first one signs; all of them verify."""

    def __init__(self, secrets: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._keys = {key_id(secret): secret for secret in secrets}
        self._signing_key_id = key_id(secrets[0])
        self._clock = clock
        self._remembered: OrderedDict[str, _Verified] = OrderedDict()

    def issue(self, principal: Principal, expires_at: datetime) -> str:
        """A token that stands for the principal until `expires_at` (to the second, rounded down)."""
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(principal.account_id),
            "iat": now,
            "nbf": now,
            "exp": int(expires_at.timestamp()),
            "jti": str(principal.session_id),
            "role": principal.role.value,
        }
        key = self._keys[self._signing_key_id]
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": self._signing_key_id})

    def verify(self, token: str) -> Principal:
        """Whom the token stands for. Raises Unauthenticated, the same for whatever is wrong with it."""
        verified = self._remembered.get(token)
        if verified is None:
            verified = self._verify(token)
            self._remember(token, verified)
        else:
            self._remembered.move_to_end(token)
        if verified.expires_at_unix <= self._clock():
            self._remembered.pop(token, None)
            raise Unauthenticated
        return verified.principal

    def _remember(self, token: str, verified: _Verified) -> None:
        self._remembered[token] = verified
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)

    def _verify(self, token: str) -> _Verified:
        if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
            raise Unauthenticated
        try:
            claims = self._claims(token)
            principal = Principal(UUID(claims["sub"]), Role(claims["role"]), UUID(claims["jti"]))
            return _Verified(principal, float(claims["exp"]))
        except _GARBAGE:
            raise Unauthenticated from None

    def _claims(self, token: str) -> dict[str, Any]:
        key = self._keys[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=CLOCK_DIFFERENCE_SECONDS_MAX,
            options={"require": CLAIMS},
        )
        return claims
