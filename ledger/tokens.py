"""Wallet tokens: the unguessable names of wallets.

A token is the wallet's id (16 bytes) followed by a secret (17 random bytes, 136 bits), in URL-safe base64:
44 characters. Because it carries the id, no index of tokens is needed and a token leads straight to the
wallet's row, on whatever machine that row lives one day. The id is public; the secret is what counts.
"""

import base64
import hmac
import re
import secrets
from typing import NamedTuple
from uuid import UUID

SECRET_BYTES = 17
# 33 bytes fill 44 characters to the last bit, so a token has one spelling only. Python's decoder alone would
# also take the characters of the other base64, + and /.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{44}", re.ASCII)


class WalletToken(NamedTuple):
    """A token taken apart. That it could be read does not mean that such a wallet exists."""

    wallet_id: UUID
    secret: bytes

    def opens(self, secret: bytes) -> bool:
        """Whether this is the wallet's secret, in a time that does not depend on where they differ."""
        return hmac.compare_digest(self.secret, secret)


def new_secret() -> bytes:
    """A secret for a new wallet."""
    return secrets.token_bytes(SECRET_BYTES)


def write_token(wallet_id: UUID, secret: bytes) -> str:
    """The token of a wallet as its owner hands it out."""
    return base64.urlsafe_b64encode(wallet_id.bytes + secret).decode("ascii")


# What a text that is no token stands for: it opens nothing, exactly like a token with a wrong secret.
NOWHERE = WalletToken(UUID(int=0), b"")


def read_token(text: str) -> WalletToken:
    """The token's parts; NOWHERE when the text can't be a token of any wallet."""
    if _TOKEN.fullmatch(text) is None:
        return NOWHERE
    raw = base64.urlsafe_b64decode(text)
    return WalletToken(UUID(bytes=raw[:16]), raw[16:])
