"""Who is asking."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an account is, and with it what its owner may do."""

    CLIENT = "CLIENT"
    COMPANY = "COMPANY"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class Principal:
    """The account that a bearer token stands for, as the token says it; nothing is looked up for it."""

    account_id: UUID
    role: Role
    session_id: UUID
