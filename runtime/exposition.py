"""GET /metrics: what all processes of a service have counted, in the words of Prometheus."""

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from prometheus_client import REGISTRY, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.metrics_folder import FOLDER_VARIABLE

# So often at most is it all put together, however often it is asked for.
REMEMBERED_SECONDS = 0.5
PREFIX = "purser_"

# Times at which counters were made: among several processes there is no such time.
disable_created_metrics()  # type: ignore[no-untyped-call]

# What is not counted but looked up when somebody asks. Limited in time, and raises nothing.
LookUp = Callable[[], Awaitable[Iterable[Metric]]]


class Exposition:
    """Puts the page together, once for all who ask meanwhile, in a thread: it may be long."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._writing: asyncio.Task[bytes] | None = None
        self._is_fresh_until = 0.0

    async def page(self) -> bytes:
        """The whole page, at most half a second old."""
        now = asyncio.get_running_loop().time()
        if self._writing is None or (self._writing.done() and now >= self._is_fresh_until):
            self._writing = asyncio.create_task(self._write())
        # Who goes away takes the answer from nobody else.
        return await asyncio.shield(self._writing)

    async def _write(self) -> bytes:
        looked_up = await self._look_up()
        page = await asyncio.to_thread(_written, looked_up)
        self._is_fresh_until = asyncio.get_running_loop().time() + REMEMBERED_SECONDS
        return page


def metrics_route(find: Callable[[Request], Exposition]) -> Route:
    """GET /metrics. `find` finds the exposition of a started service."""

    async def metrics(request: Request) -> Response:
        return Response(await find(request).page(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return Route("/metrics", metrics)


def counted() -> Iterable[Metric]:
    """What was counted: in all processes that share a folder (runtime/metrics_folder.py), or in this one.

    Raises FileNotFoundError where somebody removed the folder: a page without figures would look as if all were well.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        # Others' metrics, such as Python's own, tell of one process alone: no service has them.
        return [metric for metric in REGISTRY.collect() if metric.name.startswith(PREFIX)]
    # One without a byte was made just now.
    files = [str(file) for file in Path(folder).iterdir() if file.suffix == ".db" and file.stat().st_size]
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
