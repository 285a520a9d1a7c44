"""What the page of a report has beside its title, facts and notes, the same as PDF and as HTML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from usage_pipeline.reports.display import ABSENT
from usage_pipeline.reports.model import Report, Table

_KEY_FIGURES: Mapping[str, str] = {
    "tokens_total": "Tokens",
    "requests": "Requests",
    "conversations": "Conversations",
    "messages": "Messages",
    "cost": "Cost, USD",
    "credits": "Credits",
}
"""Metrics of the table of totals, in order, each with its label."""
_CHARTS_ONLY = frozenset({"weekday_hours"})


@dataclass(frozen=True)
class KeyFigure:
    """A number that people look for first."""

    label: str
    value: str
    change: str
    """Against the period before, such as `+12.3 %`; empty if there is nothing to compare with."""


def key_figures(report: Report) -> Iterator[KeyFigure]:
    """Yield the key figures, as the table of totals shows them."""
    table = report.table("totals")
    lines = {line.cells[0]: line.cells for line in table.lines} if table else {}
    for metric, label in _KEY_FIGURES.items():
        if metric in lines:
            _, _, value, _, change = lines[metric]
            yield KeyFigure(label, value, _signed(change))


def tables(report: Report) -> list[Table]:
    """Return the tables that are shown as such."""
    return [table for table in report.tables if table.name not in _CHARTS_ONLY]


def period(report: Report) -> str:
    """Return the days of the report, as it stands at the top of pages."""
    first, last = report.scope.period.first, report.scope.period.last
    return f"{first}" if first == last else f"{first} to {last}"


def _signed(change: str) -> str:
    if change == ABSENT:
        return ""
    return f"{change} %" if change[0] == "-" or not change.strip("0.") else f"+{change} %"
