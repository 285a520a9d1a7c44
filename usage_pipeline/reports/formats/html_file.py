"""A report as HTML: one file with all that it needs, without scripts."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from usage_pipeline.reports.charts.drawing import Chart, charts
from usage_pipeline.reports.charts.style import DARK
from usage_pipeline.reports.formats.page import key_figures, period, tables
from usage_pipeline.reports.model import Report

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_TEMPLATE = Path(__file__).with_name("report.html.jinja")


def html_files(report: Report) -> Mapping[str, bytes]:
    """Return `report.html`: the same bytes for the same report."""
    page = _template().render(
        report=report,
        period=period(report),
        figures=list(key_figures(report)),
        charts=charts(report),
        tables=tables(report),
        dark=DARK,
    )
    return {"report.html": page.encode()}


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow to import

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["picture"] = _picture
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _picture(chart: Chart) -> "Markup":
    """Return the SVG of a chart, with what a screen reader says of it."""
    from markupsafe import Markup  # noqa: PLC0415 - slow to import

    name = f"picture-{chart.table}"
    said = Markup('<title id="{0}-title">{1}</title><desc id="{0}-about">{2}</desc>').format(
        name, chart.title, chart.about
    )
    start, end = chart.svg.split(">", 1)
    role = f' role="img" aria-labelledby="{name}-title" aria-describedby="{name}-about">'
    return Markup(start + role) + said + Markup(end)  # noqa: S704 - Vega has escaped the texts in it
