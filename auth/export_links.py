"""Links to exports: they work without a header, for a few minutes, as long as the session that asked for them."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from auth.errors import Unauthenticated
from auth.principal import Principal
from auth.sessions import Sessions
from auth.signing import BadSignature, Keys
from ledger.exports import Window

# No bearer token has it, and no link has theirs.
AUDIENCE = "purser-export"
LINK_SECONDS = 15 * 60
_CLAIMS = ("sub", "sid", "wallet", "after", "last", "rows", "format")


@dataclass(frozen=True, slots=True)
class Export:
    """What a link leads to: these entries of the wallet, as whoever asked for them in that session may read them."""

    account_id: UUID
    wallet_id: UUID
    window: Window
    format: str
    asked_at: datetime


class ExportLinks:
    """Issues links and reads them; whoever asks for one was found to have the right to the wallet."""

    def __init__(self, keys: Keys, sessions: Sessions) -> None:
        self._keys = keys
        self._sessions = sessions

    def issue(
        self, principal: Principal, wallet_id: UUID, window: Window, format_: str
    ) -> tuple[str, datetime]:
        """The secret part of a link, and when it expires."""
        claims = {
            "sub": str(principal.account_id),
            "sid": str(principal.session_id),
            "wallet": str(wallet_id),
            **window._asdict(),
            "format": format_,
        }
        now = int(time.time())
        expires_at = now + LINK_SECONDS
        text = self._keys.sign(claims, audience=AUDIENCE, now=now, expires_at=expires_at)
        return text, datetime.fromtimestamp(expires_at, UTC)

    async def read(self, text: str) -> Export:
        """What the link leads to.

        Raises Unauthenticated for anything but a valid link of a session that was not ended, and Unavailable when
        the database does not answer.
        """
        try:
            claims = self._keys.verify(text, audience=AUDIENCE, required=_CLAIMS)
        except BadSignature:
            raise Unauthenticated from None
        if claims["exp"] <= time.time() or not await self._sessions.is_live(UUID(claims["sid"])):
            raise Unauthenticated
        return Export(
            UUID(claims["sub"]),
            UUID(claims["wallet"]),
            Window(claims["after"], claims["last"], claims["rows"]),
            claims["format"],
            datetime.fromtimestamp(claims["iat"], UTC),
        )
