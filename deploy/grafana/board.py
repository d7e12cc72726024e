"""Panels told shortly, and how Grafana is told of them: in its own words, by its makers' library."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple

from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


class Line(NamedTuple):
    """One expression, and the name of what it gives, with labels in double braces."""

    expression: str
    legend: str


class Graph(NamedTuple):
    """Lines over time. `unit`: Grafana's name of it; `width`: of the 24 columns of a dashboard."""

    title: str
    unit: str
    lines: Sequence[Line]
    is_stacked: bool = False
    width: int = 8


class Figure(NamedTuple):
    """One number, the newest, and how it came to it."""

    title: str
    unit: str
    line: Line
    width: int = 4


class Section(NamedTuple):
    """Panels under one title."""

    title: str
    panels: Sequence[Graph | Figure]


def dashboard(name: str, title: str, sections: Sequence[Section]) -> str:
    """The JSON of one dashboard, as Grafana reads it."""
    board = (
        Dashboard(title)
        .uid(f"purser-{name}")
        .tags(["purser"])
        .time("now-1h", "now")
        .refresh("10s")
        .timezone("browser")
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for section in sections:
        board = board.with_row(Row(section.title))
        for panel in section.panels:
            board = board.with_panel(_graph(panel) if isinstance(panel, Graph) else _figure(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _query(line: Line, name: str = "A") -> Dataquery:
    return Dataquery().ref_id(name).expr(line.expression).legend_format(line.legend).datasource(DATASOURCE)


def _graph(graph: Graph) -> Timeseries:
    panel = (
        Timeseries()
        .title(graph.title)
        .unit(graph.unit)
        .min(0)
        .datasource(DATASOURCE)
        .fill_opacity(30 if graph.is_stacked else 5)
        .show_points(VisibilityMode.NEVER)
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .span(graph.width)
        .height(8)
    )
    if graph.is_stacked:
        panel = panel.stacking(StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for name, line in zip(ascii_uppercase, graph.lines, strict=False):
        panel = panel.with_target(_query(line, name))
    return panel


def _figure(figure: Figure) -> Stat:
    return (
        Stat()
        .title(figure.title)
        .unit(figure.unit)
        .datasource(DATASOURCE)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .with_target(_query(figure.line))
        .span(figure.width)
        .height(4)
    )
