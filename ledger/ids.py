"""New ids: UUIDv7 (RFC 9562, section 5.7), which carry the time that tables are split by."""

from typing import cast
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto


def new_id() -> UUID:
    """A new id, of the class that asyncpg reads from rows: in C throughout, where each charge makes one."""
    return cast("UUID", pgproto.UUID(uuid_utils.uuid7().bytes))
