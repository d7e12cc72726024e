"""Public ids: what an object is, and its UUID, such as "wal_0193f0b2c7a87d3f9a1e5b6c7d8e9f00"."""

import re
from enum import StrEnum
from uuid import UUID

_ID = re.compile(r"([a-z]{2,3})_([0-9a-f]{32})", re.ASCII)


class IdKind(StrEnum):
    """What an id names."""

    CLIENT = "cli"
    COMPANY = "com"
    ADMINISTRATOR = "adm"
    WALLET = "wal"
    OPERATION = "op"


ACCOUNT_KINDS = (IdKind.CLIENT, IdKind.COMPANY, IdKind.ADMINISTRATOR)


def write_id(kind: IdKind, uuid: UUID) -> str:
    """The id as clients see it."""
    return f"{kind}_{uuid.hex}"


def read_id(text: str) -> tuple[IdKind, UUID] | None:
    """The id's parts, or None when the text can't be an id of ours."""
    found = _ID.fullmatch(text)
    if found is None or found[1] not in set(IdKind):
        return None
    return IdKind(found[1]), UUID(hex=found[2])


def read_id_of(kind: IdKind, text: str) -> UUID | None:
    """The UUID of an id of that kind, or None when it is no such id."""
    parts = read_id(text)
    return parts[1] if parts is not None and parts[0] is kind else None
