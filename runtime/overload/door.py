"""How many requests a process has under way; what comes beyond that many is refused and told of once a second."""

import asyncio
import logging

from runtime.overload.metrics import SHED

log = logging.getLogger("purser.overload")

TELL_SECONDS = 1.0


class Door:
    """Lets requests in while there is room. A request counts until it is answered, or gives up by itself.

    Only who has sent all of a request comes to the door: those that are slow to send hold no place.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._inside: set[object] = set()
        self._refused = 0

    @property
    def is_full(self) -> bool:
        """Whether the next one is to be refused."""
        return len(self._inside) >= self._places

    def enter(self, request: object) -> None:
        """It is under way from now on."""
        self._inside.add(request)

    def leave(self, request: object) -> None:
        """It is no more under way, if it was."""
        self._inside.discard(request)

    def count_refused(self) -> None:
        """One more was refused: the log and the metrics have it within a second."""
        if not self._refused:
            asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)
        self._refused += 1

    def _tell(self) -> None:
        refused, self._refused = self._refused, 0
        SHED.inc(refused)
        fields = {"refused": refused, "under_way": len(self._inside), "places": self._places}
        log.warning("overloaded", extra={"fields": fields})
