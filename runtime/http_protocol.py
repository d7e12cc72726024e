"""HTTP/1.1 with an end to every request's head, in bytes and in seconds, and to the wait for who does not read.

uvicorn bounds none of them for httptools: one client with an endless header would fill the memory, and many that
send nothing, or read nothing, would use up the connections.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES_MAX = 65_536
HEAD_SECONDS_MAX = 15.0
# How long a client may keep us waiting once all buffers are full of what it was sent. The kernel has room again only
# when a third of its own was read, which has up to 4 MB: whoever reads 25 kB a second is in time.
READ_SECONDS_MAX = 60.0
# How long a connection that is kept open for further requests outlives the order to stop. A proxy that lets go of its
# idle ones sooner (deploy/nginx) is always the one that closes, so that no request of its crosses with the end.
STOP_SECONDS = 1.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol; a connection is closed when a head is too long or too slow, or nobody reads."""

    _head_bytes = 0
    _stopping = False
    _head_deadline: asyncio.TimerHandle | None = None
    _read_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._forget_head()
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response("The request's head is too long.")
        elif self.timeout_keep_alive_task is None and self.cycle.response_complete and not self.pipeline:
            # uvicorn forgets that it waits for a request when something else comes, such as an empty line
            # or the rest of a body that nobody wants.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def pause_writing(self) -> None:
        super().pause_writing()
        # Not close, which would wait until all was read.
        self._read_deadline = self.loop.call_later(READ_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        self._forget_read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._forget_read()
        # uvicorn keeps it where the client has reset the connection, and all that is known of it with it.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Stops gracefully: a request that is on its way already, on a connection kept open, is still answered."""
        if self._is_idle():
            self._stopping = True
            self.loop.call_later(STOP_SECONDS, self._close_idle)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = (
            self.cycle
        )  # none before the first request, whatever its type says
        return cycle is None or cycle.response_complete

    def _close_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _await_head(self) -> None:
        self._forget_head()
        self._head_bytes = 0
        self._head_deadline = self.loop.call_later(HEAD_SECONDS_MAX, self._close_late_head)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _forget_read(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None

    def _close_late_head(self) -> None:
        self._head_deadline = None
        self.transport.close()
