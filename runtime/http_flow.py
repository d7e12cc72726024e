"""When a connection is read: not while anything waits that was read already."""

from asyncio import Transport
from collections.abc import Sized

from uvicorn.protocols.http.flow_control import FlowControl


class PipelineFlow(FlowControl):
    """uvicorn's, which reads on whenever somebody wishes it: an answer is complete, an application waits for a body.

    `pipeline`: the requests that wait behind the one that runs. What is `unparsed` comes after them. While the
    connection `is_held`, nobody has it read. A `fault` is what makes no sense behind them: it ends the connection.
    """

    def __init__(self, transport: Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline
        self.unparsed = b""
        self.is_held = False
        self.fault: str | None = None

    @property
    def is_behind(self) -> bool:
        """Whether anything waits: requests, bytes of which requests are still to be made, or the end."""
        return bool(self._pipeline) or bool(self.unparsed) or self.fault is not None

    def resume_reading(self) -> None:
        """Reads on, where nothing waits or forbids it."""
        if not self.is_behind and not self.is_held:
            super().resume_reading()
