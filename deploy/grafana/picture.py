"""Draws a dashboard with what a Prometheus knows, as an SVG on standard output: the pictures of docs/monitoring.md.

    python -m deploy.grafana.picture service --minutes 15 > docs/images/dashboard-service.svg

It reads the file that Grafana reads, so that a picture shows what is there. Made for pictures, not for watching.
"""

import argparse
import json
import math
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from deploy.grafana.dashboards import FOLDER

COLUMN_PIXELS, ROW_PIXELS = 50, 30
GAP_PIXELS = 6
POINTS = 120
LEGEND_MAX = 5
COLOURS = (
    "#73bf69",
    "#f2cc0c",
    "#5794f2",
    "#ff780a",
    "#f2495c",
    "#b877d9",
    "#37872d",
    "#8ab8ff",
    "#ffb357",
    "#c0d8ff",
)
RATE_INTERVAL = "1m"
_SI = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


class Series(NamedTuple):
    """A line: its name in the legend, and (seconds since the epoch, value) in order."""

    name: str
    points: Sequence[tuple[float, float]]


def ask(prometheus: str, expression: str, legend: str, since: float, until: float) -> Iterator[Series]:
    """What an expression gave over that time."""
    expression = expression.replace("$__rate_interval", RATE_INTERVAL)
    step = (until - since) / POINTS
    query = urllib.parse.urlencode({"query": expression, "start": since, "end": until, "step": step})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query_range?{query}", timeout=10) as answer:  # noqa: S310
        found = json.load(answer)["data"]["result"]
    for one in found:
        name = legend
        for label, value in one["metric"].items():
            name = name.replace(f"{{{{{label}}}}}", value)
        points = [(at, float(value)) for at, value in one["values"]]
        yield Series(name, [point for point in points if math.isfinite(point[1])])


def written(value: float, unit: str) -> str:
    """A value as Grafana writes it."""
    match unit:
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "s" if value and abs(value) < 1:
            return f"{value * 1000:.3g} ms"
        case "s" if abs(value) >= 86_400:
            return f"{value / 86_400:.3g} days"
        case "s":
            return f"{value:.3g} s"
        case "bytes":
            return f"{value / 2**20:.0f} MiB"
    size, prefix = next(((size, prefix) for size, prefix in _SI if abs(value) >= size), (1, ""))
    return f"{value / size:.3g}{prefix}{'/s' if unit in ('reqps', 'ops') else ''}"


def _figure(series: Sequence[Series], unit: str, width: int, height: int) -> Iterator[str]:
    points = series[0].points if series else ()
    text = written(points[-1][1], unit) if points else "none"
    yield f'<text x="{width / 2}" y="{height / 2 + 22}" class="figure" text-anchor="middle">{escape(text)}</text>'


def _graph(
    series: Sequence[Series],
    unit: str,
    is_stacked: bool,
    time_span: tuple[float, float],
    size: tuple[int, int],
) -> Iterator[str]:
    left, top, right, bottom = 58, 30, size[0] - 12, size[1] - 40
    since, until = time_span
    stacked: dict[float, float] = {}
    layers: list[tuple[Series, list[tuple[float, float, float]]]] = []
    for one in series:
        layer = []
        for at, value in one.points:
            base = stacked.get(at, 0.0) if is_stacked else 0.0
            stacked[at] = base + value
            layer.append((at, base, base + value))
        layers.append((one, layer))
    highest = max((high for _, layer in layers for _, _, high in layer), default=0.0) * 1.05 or 1.0

    def x(at: float) -> float:
        return left + (at - since) / (until - since) * (right - left)

    def y(value: float) -> float:
        return bottom - max(value, 0) / highest * (bottom - top)

    for share in (0, 0.5, 1):
        height = y(highest * share)
        yield f'<line x1="{left}" x2="{right}" y1="{height:.1f}" y2="{height:.1f}" class="grid"/>'
        label = escape(written(highest * share, unit))
        yield f'<text x="{left - 6}" y="{height + 4:.1f}" text-anchor="end">{label}</text>'
    for share in (0.0, 0.5, 1.0):
        clock = time.strftime("%H:%M", time.gmtime(since + (until - since) * share))
        place = left + (right - left) * share
        yield f'<text x="{place:.0f}" y="{bottom + 14}" text-anchor="middle">{clock}</text>'
    for (_, layer), colour in zip(layers, COLOURS * 3, strict=False):
        if is_stacked:
            outline = [(at, high) for at, _, high in layer] + [(at, low) for at, low, _ in reversed(layer)]
            area = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in outline)
            yield f'<polygon points="{area}" fill="{colour}" opacity="0.35"/>'
        line = " ".join(f"{x(at):.1f},{y(high):.1f}" for at, _, high in layer)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    yield from _legend([one.name for one, _ in layers], size)


def _legend(names: Sequence[str], size: tuple[int, int]) -> Iterator[str]:
    place = 12
    for name, colour in list(zip(names, COLOURS, strict=False))[:LEGEND_MAX]:
        width = 24 + 7 * len(name)
        if place + width > size[0]:
            return
        yield f'<rect x="{place}" y="{size[1] - 15}" width="10" height="3" fill="{colour}"/>'
        yield f'<text x="{place + 14}" y="{size[1] - 10}">{escape(name)}</text>'
        place += width


def _panel(panel: dict[str, Any], prometheus: str, since: float, until: float) -> Iterator[str]:
    place = panel["gridPos"]
    width = place["w"] * COLUMN_PIXELS - GAP_PIXELS
    height = place["h"] * ROW_PIXELS - GAP_PIXELS
    yield f'<g transform="translate({place["x"] * COLUMN_PIXELS},{place["y"] * ROW_PIXELS})">'
    if panel["type"] == "row":
        yield f'<text x="4" y="20" class="row">{escape(panel["title"])}</text></g>'
        return
    series = [
        one
        for target in panel["targets"]
        for one in ask(prometheus, target["expr"], target["legendFormat"], since, until)
    ]
    defaults = panel["fieldConfig"]["defaults"]
    yield f'<rect width="{width}" height="{height}" rx="3" class="panel"/>'
    yield f'<text x="10" y="18" class="title">{escape(panel["title"])}</text>'
    if panel["type"] == "stat":
        yield from _figure(series, defaults["unit"], width, height)
    else:
        is_stacked = "stacking" in defaults.get("custom", {})
        yield from _graph(series, defaults["unit"], is_stacked, (since, until), (width, height))
    yield "</g>"


_STYLE = """
text { font: 10px sans-serif; fill: #9fa7b3 }
.title { font-size: 12px; fill: #d8d9da } .row { font: 15px sans-serif; fill: #d8d9da }
.figure { font: 26px sans-serif; fill: #73bf69 } .panel { fill: #181b1f; stroke: #2c3235 } .grid { stroke: #2c3235 }
"""


def picture(dashboard: dict[str, Any], prometheus: str, since: float, until: float) -> str:
    """The whole dashboard over that time, in seconds since the epoch."""
    panels = dashboard["panels"]
    width = 24 * COLUMN_PIXELS
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) * ROW_PIXELS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#111217"/>',
    ]
    for panel in panels:
        parts += _panel(panel, prometheus, since, until)
    return "\n".join([*parts, "</svg>"])


def _main() -> None:
    parser = argparse.ArgumentParser(description="Draw a dashboard with what a Prometheus knows.")
    parser.add_argument("dashboard", help="service, money or workers")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=15.0)
    asked = parser.parse_args()
    until = time.time()
    dashboard = json.loads((FOLDER / f"{asked.dashboard}.json").read_text())
    print(picture(dashboard, asked.prometheus, until - 60 * asked.minutes, until))  # noqa: T201


if __name__ == "__main__":
    _main()
