"""What a request asked for, as parts that JSON can write: the same parts for the same request, for ever.

What was added to a command in a later release comes last, by name, and only where it is not at its default: keys
outlive releases (docs/adr/0004).
"""

from ledger.money import canonical
from ledger.tokens import WalletToken

Asked = tuple[object, ...]


def named(**parts: object) -> list[list[object]]:
    """The parts that are there, with their names."""
    return [[name, part] for name, part in parts.items() if part is not None]


def amount_asked(amount: str | None) -> str | None:
    """The one spelling of an amount."""
    return None if amount is None else canonical(amount)


def token_asked(token: WalletToken) -> str:
    """A token in one text."""
    return token.wallet_id.hex + token.secret.hex()
