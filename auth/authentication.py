"""From a bearer token to whom it stands for."""

from auth.errors import Unauthenticated
from auth.principal import Principal
from auth.sessions import Sessions
from auth.tokens import Tokens


class Authenticator:
    """Asked once a request, so it waits for nothing while memory can answer."""

    def __init__(self, tokens: Tokens, sessions: Sessions) -> None:
        self._tokens = tokens
        self._sessions = sessions

    async def authenticate(self, token: str) -> Principal:
        """Whom the bearer token stands for.

        Raises Unauthenticated for anything but a valid token of a live session, and Unavailable when the
        database is needed to tell and is away.
        """
        principal = self._tokens.verify(token)
        if await self._sessions.ended(principal.session_id):
            raise Unauthenticated
        return principal
