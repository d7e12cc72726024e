"""Bearer tokens.

A token is remembered once it was verified, because the hot path asks about the same few thousand
tokens again and again: what is remembered is looked up by the whole token, so a forged one is never
taken for it. Whether it has expired is asked each time, whether its session was ended elsewhere.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.errors import Unauthenticated
from auth.principal import Principal, Role
from auth.signing import BadSignature, Keys

AUDIENCE = "purser"
# At about 1 kB each.
REMEMBERED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    expires_at_unix: float


class Tokens:
    """Issues and verifies tokens. Of several secrets the first one signs; all of them verify."""

    def __init__(self, secrets: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._keys = Keys(secrets)
        self._clock = clock
        self._remembered: OrderedDict[str, _Verified] = OrderedDict()

    def issue(self, principal: Principal, expires_at: datetime) -> str:
        """A token that stands for the principal until `expires_at` (to the second, rounded down)."""
        claims = {
            "sub": str(principal.account_id),
            "jti": str(principal.session_id),
            "role": principal.role.value,
        }
        return self._keys.sign(
            claims, audience=AUDIENCE, now=int(self._clock()), expires_at=int(expires_at.timestamp())
        )

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
        try:
            claims = self._keys.verify(token, audience=AUDIENCE, required=("sub", "jti", "role"))
            principal = Principal(UUID(claims["sub"]), Role(claims["role"]), UUID(claims["jti"]))
            return _Verified(principal, float(claims["exp"]))
        except (BadSignature, ValueError, TypeError):
            raise Unauthenticated from None
