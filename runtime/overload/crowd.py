"""The open connections of a process: so many at most, and who goes first when one more comes."""

import resource
from asyncio import Transport
from collections.abc import Hashable
from typing import Protocol

# Whoever came or was answered less than this ago may have sent something that was not read yet.
QUIET_SECONDS_MIN = 1.0
# Files, the database, and connections that are told that there is no room for them.
DESCRIPTORS_BESIDE = 512


def room_for(connections_max: int) -> int:
    """How many connections the process may have by its limit of descriptors, which is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections_max + DESCRIPTORS_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        connections_max if soft == resource.RLIM_INFINITY else max(1, min(needed, soft) - DESCRIPTORS_BESIDE)
    )


class Connection(Hashable, Protocol):
    """What is known of a connection here."""

    transport: Transport


class Crowd:
    """Knows which connections wait for nothing of ours: strangers, which never sent a whole request, and idle ones.

    Both are kept in the order in which they became so: the first is the one to go.
    """

    def __init__(self, connections_max: int) -> None:
        self.connections_max = connections_max
        self._count = 0
        self._strangers: dict[Connection, float] = {}
        self._idle: dict[Connection, float] = {}

    def join(self, connection: Connection, now: float) -> bool:
        """One more; False where there is no room for it, and nobody who has been quiet could be closed for it."""
        if self._count >= self.connections_max and not self._close_quietest(now):
            return False
        self._count += 1
        self._strangers[connection] = now
        return True

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        self._count -= 1
        self._strangers.pop(connection, None)
        self._idle.pop(connection, None)

    def has_asked(self, connection: Connection) -> None:
        """It has sent a whole request."""
        self._strangers.pop(connection, None)

    def wakes(self, connection: Connection) -> None:
        """It begins to send a request."""
        self._idle.pop(connection, None)

    def rests(self, connection: Connection, now: float) -> None:
        """It was answered, and waits for nothing."""
        self._idle.pop(connection, None)
        self._idle[connection] = now

    def _close_quietest(self, now: float) -> bool:
        for quiet in (self._strangers, self._idle):
            connection, since = next(iter(quiet.items()), (None, now))
            if connection is not None and now - since >= QUIET_SECONDS_MIN:
                del quiet[connection]
                connection.transport.abort()
                return True
        return False
