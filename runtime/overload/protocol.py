"""HTTP/1.1 behind a door: a GraphQL request that finds no place is refused before anything is made of it.

Refusing costs a fraction of answering, but in Python it is no nothing. So a connection that was refused is not read
for a while: however often it asks, it costs a bounded number of refusals a second.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from runtime.http_protocol import BoundedHttpProtocol, nothing
from runtime.overload.crowd import Crowd
from runtime.overload.door import Door
from runtime.overload.glance import Headers, headers_at_a_glance
from runtime.overload.refusals import Refusals

GUARDED_PATH = "/graphql"
GUARDED_METHODS = ("POST", "GET")
# Short enough that the next refusal comes within a second as well.
PAUSE_SECONDS = 0.5
# How long a connection for which there is no room is kept to be told so, and how many of them at once.
TELL_SECONDS_MAX = 0.5
TOLD_AT_ONCE_MAX = 100


class SheddingHttpProtocol(BoundedHttpProtocol):
    """Guards the GraphQL endpoint alone: health, metrics and the page's files are always answered."""

    # The request whose turn it is, and that has not arrived completely.
    _arriving: RequestResponseCycle | None = None
    _arriving_is_begun = False
    _inside: RequestResponseCycle | None = None
    # Until then the connection is not read, and nothing else that it sent is refused.
    _resuming: asyncio.TimerHandle | None = None
    # What came right behind a refused request: it has its turn after the pause.
    _postponed: RequestResponseCycle | None = None
    _is_turned_away = False

    def __init__(self, *args: Any, door: Door, crowd: Crowd, refusals: Refusals, **named: Any) -> None:
        super().__init__(*args, **named)
        self._door = door
        self._crowd = crowd
        self._refusals = refusals

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if not self._crowd.join(self, self.loop.time()):
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._resuming is not None:
            self._resuming.cancel()
        for waiting in (self._postponed, self._arriving):
            if waiting is not None:
                waiting.on_response = nothing
        if not self._is_turned_away:
            self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_turned_away:
            return
        if self._door.is_full and self._is_between_requests():
            headers = headers_at_a_glance(data)
            if headers is not None:
                self._refuse_unparsed(headers)
                return
        super().data_received(data)
        self._begin_arriving()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # Nothing less than this: neither an empty line nor the rest of a body that nobody wants keeps a connection.
        self._crowd.wakes(self)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._crowd.has_asked(self)
        arrived, self._arriving = self._arriving, None
        if arrived is not None and not arrived.response_started:
            self._let_in_or_refuse(arrived, is_begun=self._arriving_is_begun)

    def on_response_complete(self) -> None:
        # Before the next one of a pipeline comes to the door.
        self._door.leave(self._inside)
        super().on_response_complete()
        if self._is_idle():
            self._crowd.rests(self, self.loop.time())
        self._begin_arriving()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["path"] != GUARDED_PATH or cycle.scope["method"] not in GUARDED_METHODS:
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._arriving, self._arriving_is_begun = cycle, False
        else:
            self._let_in_or_refuse(cycle, is_begun=False)

    def _begin_arriving(self) -> None:
        """Its body comes in parts: the application limits how large and how slow it may be."""
        arriving = self._arriving
        if arriving is None or self._arriving_is_begun:
            return
        if self._door.is_full:
            if self._resuming is not None:
                return
            self._arriving = None
            # Who waits to be told to go on may send the body after all, or never.
            arriving.keep_alive = arriving.keep_alive and not arriving.waiting_for_100_continue
            self._refuse(arriving)
        else:
            self._arriving_is_begun = True
            super()._start_asgi_task(arriving, self._leaving_the_door(arriving))

    def _let_in_or_refuse(self, cycle: RequestResponseCycle, *, is_begun: bool) -> None:
        if self._door.is_full:
            # What is begun has its body, and would be answered.
            if self._resuming is None or is_begun:
                self._refuse(cycle)
            else:
                self._postponed = cycle
            return
        self._inside = cycle
        self._door.enter(cycle)
        if not is_begun:
            super()._start_asgi_task(cycle, self._leaving_the_door(cycle))

    def _leaving_the_door(self, cycle: RequestResponseCycle) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            try:
                await self.app(scope, receive, send)
            finally:
                # A client that goes away leaves its request behind.
                self._door.leave(cycle)

        return answer

    def _refuse(self, cycle: RequestResponseCycle) -> None:
        # Where the application waits for the body already, its client is gone as far as it can tell.
        cycle.disconnected = cycle.response_started = cycle.response_complete = True
        # Else it would still be told to go on sending, where the next answer is to stand.
        cycle.waiting_for_100_continue = False
        # As uvicorn does when the application has ended: the two must not keep each other in memory.
        cycle.on_response = nothing
        self._write_refusal(list(cycle.scope["headers"]), keep_alive=cycle.keep_alive)
        if not cycle.keep_alive:
            self.transport.close()
        # Before the next one of a pipeline has its turn.
        self._pause()
        self.on_response_complete()

    def _is_between_requests(self) -> bool:
        # What a parser knows of the last one is complete, and it has begun no other.
        cycle: RequestResponseCycle | None = self.cycle
        return (
            cycle is not None
            and cycle.response_complete
            and not cycle.more_body
            and not self._stopping
            and self._resuming is None
            and self._head_deadline is None
            and not self.transport.is_closing()
        )

    def _refuse_unparsed(self, headers: Headers) -> None:
        self._write_refusal(headers, keep_alive=True)
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self._crowd.rests(self, self.loop.time())
        self._pause()

    def _write_refusal(self, headers: Headers, *, keep_alive: bool) -> None:
        self._door.count_refused()
        self.transport.write(
            self._refusals.of_request(headers, self.server_state.default_headers, keep_alive=keep_alive)
        )

    def _pause(self) -> None:
        self.flow.is_held = True
        self.flow.pause_reading()
        if self._resuming is None:
            self._resuming = self.loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        self._resuming = None
        self.flow.is_held = False
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        postponed, self._postponed = self._postponed, None
        if postponed is not None:
            self._let_in_or_refuse(postponed, is_begun=False)
        else:
            self._begin_arriving()

    def _turn_away(self) -> None:
        self._is_turned_away = True
        self._door.count_refused()
        if len(self.connections) > self._crowd.connections_max + TOLD_AT_ONCE_MAX:
            self.transport.abort()
            return
        # What it sends is read and forgotten: closed with anything unread it might never see the answer.
        self.transport.write(self._refusals.of_connection())
        self.transport.write_eof()
        self.loop.call_later(TELL_SECONDS_MAX, self.transport.abort)
