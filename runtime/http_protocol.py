"""HTTP/1.1 with an end to every request's head, in bytes and in seconds, and to the wait for who does not read.

uvicorn bounds none of them for httptools: one client with an endless header would fill the memory, and many that
send nothing, or read nothing, would use up the connections. Nor does it bound the requests that a client sends without
waiting for answers (a pipeline): with each answer it would read and keep some ten thousand more. It drops the body of
a request that offers another protocol, and would answer nonsense before the requests that came before it.
"""

import asyncio
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from runtime.http_flow import PipelineFlow

HEAD_BYTES_MAX = 65_536
HEAD_SECONDS_MAX = 15.0
# How long a client may keep us waiting once all buffers are full of what it was sent. The kernel has room again only
# when a third of its own was read, which has up to 4 MB: whoever reads 25 kB a second is in time.
READ_SECONDS_MAX = 60.0
# How long a connection that is kept open for further requests outlives the order to stop. A proxy that lets go of its
# idle ones sooner (deploy/nginx) is always the one that closes, so that no request of its crosses with the end.
STOP_SECONDS = 1.0
# Whatever requests are in so many bytes may wait behind the one that runs: the shortest are some two hundred.
PARSED_BYTES_MAX = 4096


def nothing() -> None:
    """What a request does at its end that nobody answers: it and its connection must not keep each other in memory."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol; a connection is closed when a head is too long or too slow, or nobody reads.

    While requests wait behind another, nothing more of the connection is parsed, and soon nothing read: the client
    finds the buffers full. All are answered, in order.
    """

    flow: PipelineFlow
    _running: RequestResponseCycle | None = None
    _head_bytes = 0
    _stopping = False
    _head_deadline: asyncio.TimerHandle | None = None
    _read_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        if self._offers_upgrade():
            return
        self._forget_head()
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if not self._offers_upgrade():
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        for at in range(0, len(data), PARSED_BYTES_MAX):
            if self.flow.is_behind:
                self.flow.unparsed += data[at:]
                break
            if self.transport.is_closing():
                break
            self._parse(data[at : at + PARSED_BYTES_MAX])

    def send_400_response(self, msg: str) -> None:
        """Behind the answers to what came before: that may be carried out already. Nothing more is parsed."""
        if self.flow.fault is not None:
            return
        broken: RequestResponseCycle | None = self.cycle
        if self.pipeline and self.pipeline[0][0].more_body:
            # Its own body makes no sense.
            self.pipeline.popleft()[0].on_response = nothing
        elif broken is None or broken.response_complete or broken.more_body:
            self._end_by_400(msg)
            return
        self.flow.fault = msg
        self.flow.pause_reading()

    def on_response_complete(self) -> None:
        all_are_answered = not self.pipeline
        super().on_response_complete()
        if self.flow.fault is not None:
            if all_are_answered and not self.transport.is_closing():
                self._end_by_400(self.flow.fault)
        elif not self.pipeline and not self.transport.is_closing():
            if self._head_deadline is not None:
                self._begin_head_seconds()
            if self.flow.unparsed:
                # Not here: this may be called by the parser.
                self.loop.call_soon(self._parse_on)
            else:
                self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        self._feed(data)
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

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    return
                except HttpParserUpgrade as upgrade:
                    if not self._offers_upgrade():
                        raise HttpParserError from None
                    data = self._head_without_upgrade() + data[upgrade.args[0] :]
                    self.parser = HttpRequestParser(self)
                    self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        except HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")

    def _offers_upgrade(self) -> bool:
        """Whether the request offers another protocol, as those of curl --http2 and of Java's HttpClient do.

        It is parsed once more without: the parser sees no body, and takes what comes for the other protocol.
        """
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _head_without_upgrade(self) -> bytes:
        parts = [self.parser.get_method(), b" ", self.url, b" HTTP/", self.parser.get_http_version().encode()]
        for name, value in self.headers:
            if name != b"upgrade":
                parts += (b"\r\n", name, b": ", value)
        return b"".join((*parts, b"\r\n\r\n"))

    def _end_by_400(self, msg: str) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            # Nothing fits into the middle of an answer.
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _parse_on(self) -> None:
        if not self.transport.is_closing():
            unparsed, self.flow.unparsed = self.flow.unparsed, b""
            self.data_received(unparsed)
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

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
        self._forget_pipeline()

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

    def _forget_pipeline(self) -> None:
        for waiting, _app in self.pipeline:
            waiting.on_response = nothing
        self.pipeline.clear()
        self.flow.unparsed = b""
        # uvicorn tells the last one of a pipeline alone that the client is gone.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._begin_head_seconds()

    def _begin_head_seconds(self) -> None:
        self._forget_head()
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
        if self.flow.is_behind or not self._is_idle():
            # The rest may have been sent long ago, and it is this side that does not read. Or there is time: what
            # was asked before is still being answered.
            self._begin_head_seconds()
        else:
            self.transport.close()
