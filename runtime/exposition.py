"""GET /metrics: what all processes of a service have counted, in the words of Prometheus."""

import asyncio
import logging
import platform
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version

from prometheus_client import REGISTRY, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.metrics_folder import FolderGone, files_of_all
from runtime.remembered import Remembered

log = logging.getLogger("purser.metrics")

# So often at most is it all put together, however often it is asked for.
REMEMBERED_SECONDS = 0.5
PREFIX = "purser_"
# A page without figures would look as if all were well.
_LOST = {
    "status": "unavailable",
    "code": "METRICS_LOST",
    "reason": "somebody removed the folder in which processes count; the log says more",
}

# Times at which counters were made: among several processes there is no such time.
disable_created_metrics()  # type: ignore[no-untyped-call]

# What is not counted but looked up when somebody asks. Limited in time, and raises nothing.
LookUp = Callable[[], Awaitable[Iterable[Metric]]]


class Exposition:
    """Puts the page together, in a thread: it may be long."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._page = Remembered(self._write, REMEMBERED_SECONDS)
        self._is_loss_told = False

    async def page(self) -> bytes:
        """The whole page, at most half a second old. Raises FolderGone."""
        return await self._page.answer()

    async def _write(self) -> bytes:
        looked_up = await self._look_up()
        try:
            return await asyncio.to_thread(_written, looked_up)
        except FolderGone:
            if not self._is_loss_told:
                self._is_loss_told = True
                log.error("Metrics are lost: restart the service, with TMPDIR where nobody tidies up")
            raise


def metrics_route(find: Callable[[Request], Exposition]) -> Route:
    """GET /metrics. `find` finds the exposition of a started service."""

    async def metrics(request: Request) -> Response:
        try:
            page = await find(request).page()
        except FolderGone:
            return JSONResponse(_LOST, 503)
        return Response(page, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return Route("/metrics", metrics)


def counted() -> Iterable[Metric]:
    """What was counted: in all processes that share a folder (runtime/metrics_folder.py), or in this one.

    Raises FolderGone.
    """
    files = files_of_all()
    if files is None:
        # Others' metrics, such as Python's own, tell of one process alone: no service has them.
        return [metric for metric in REGISTRY.collect() if metric.name.startswith(PREFIX)]
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return merged


class _Families:
    """What is told, as `generate_latest` asks for it."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _written(looked_up: Iterable[Metric]) -> bytes:
    families = sorted([*counted(), *looked_up, _build_info()], key=lambda metric: metric.name)
    return generate_latest(_Families(families))


def _build_info() -> Metric:
    metric = GaugeMetricFamily(
        "purser_build_info", "Always 1: the version of Purser, and of Python.", labels=["version", "python"]
    )
    metric.add_metric([version("purser"), platform.python_version()], 1)
    return metric
