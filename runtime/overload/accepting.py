"""Accepts connections that wait while the event loop is busy.

libuv accepts one connection in each turn of its loop. Under load a turn takes as long as a hundred requests do: new
clients, and who asks for the health of the service, would wait for many seconds.
"""

import asyncio
import socket
from collections.abc import Callable

AT_ONCE_MAX = 100


class Accepting:
    """Accepts on a listening socket, beside the event loop's own server. `make_protocol` is as the server's."""

    def __init__(self, listening: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._make_protocol = make_protocol
        self._opening: set[asyncio.Task[object]] = set()

    def accept_waiting(self) -> None:
        """Opens connections that wait, a bounded number of them: other processes listen on the same socket."""
        for _ in range(AT_ONCE_MAX):
            try:
                connection, _address = self._listening.accept()
            except OSError:
                # None waits any more, or no descriptor is left.
                return
            opening = asyncio.create_task(self._open(connection))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:
            # Its client is gone already.
            connection.close()
