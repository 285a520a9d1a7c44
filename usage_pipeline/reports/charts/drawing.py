"""Draws the charts of a report from its tables."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.reports.charts.style import ROWS, WIDTH, with_fonts
from usage_pipeline.reports.display import Kind, places_for, shown
from usage_pipeline.reports.fonts import FONTS
from usage_pipeline.reports.model import Report, Table

Mark = dict[str, Any]
"""The fields of what is drawn of a row."""

_MOST_MODELS, _MOST_LETTERS = 10, 50
_WIDTH_OF_MODELS = 400
_WIDTH_OF_A_DAY, _WIDTH_OF_A_LABEL, _LEAST_WIDTH = 40, 75, 320
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Chart:
    """A picture of a table."""

    table: str
    title: str
    about: str
    """What is to be seen."""
    svg: str


@dataclass(frozen=True)
class _Plan:
    title: str
    about: str
    spec: str
    """The function of `specs`."""
    marks: Callable[[Table], Sequence[Mark]]
    width: Callable[[int], int]
    """Pixels of so many marks."""
    measures: tuple[str, ...]
    """The fields of which one has to be other than zero, or there is nothing to be seen."""


@lru_cache(maxsize=2)
def charts(report: Report) -> tuple[Chart, ...]:
    """Return the charts of the tables that have something to be seen. The formats of a report draw them once."""
    return tuple(_charts(report))


def _charts(report: Report) -> Iterator[Chart]:
    for name, plan in _PLANS.items():
        table = report.table(name)
        marks = plan.marks(table) if table else ()
        if any(mark[measure] for mark in marks for measure in plan.measures):
            yield Chart(name, plan.title, plan.about, _svg(plan, marks))


def _svg(plan: _Plan, marks: Sequence[Mark]) -> str:
    import vl_convert  # noqa: PLC0415 - it is for reports only

    chart = json.loads(_compiled(plan.spec))
    next(data for data in chart["data"] if data["name"] == ROWS)["values"] = marks
    chart["width"] = plan.width(len(marks))
    if days := [mark["day"] for mark in marks if "day" in mark]:
        _label_some_days(chart, days)
    return with_fonts(vl_convert.vega_to_svg(chart))


def _label_some_days(chart: Mapping[str, Any], days: Sequence[str]) -> None:
    """Have a few labels below the days. To make room for the labels of all takes longer than all else."""
    for axis in chart["axes"]:
        if axis["scale"] == "x":
            axis["values"] = days[:: math.ceil(len(days) * _WIDTH_OF_A_LABEL / chart["width"])]


def _width_of_days(days: int) -> int:
    """Return fewer pixels for few days, so that their bars are no walls."""
    return min(WIDTH, max(_LEAST_WIDTH, _WIDTH_OF_A_DAY * days))


@cache
def _compiled(spec: str) -> str:
    """Return a chart as Vega has it, once for all reports: Altair and Vega-Lite take longer than the drawing."""
    import vl_convert  # noqa: PLC0415 - it is for reports only

    from usage_pipeline.reports.charts import specs  # noqa: PLC0415 - Altair is slow to import

    vl_convert.register_font_directory(str(FONTS))
    chart = vl_convert.vegalite_to_vega(getattr(specs, spec)())
    return json.dumps(chart)  # which `_svg` may change


def _fields(*names: str) -> Callable[[Table], list[Mark]]:
    """Return the function that takes columns as they are."""

    def marks(table: Table) -> list[Mark]:
        columns = [map(_pixels, table.column(name)) for name in names]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    return marks


def _pixels(value: object) -> object:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _models(table: Table) -> list[Mark]:
    """Return the models that cost most, and the others as one."""
    rows = list(zip(table.column("model"), table.column("cost"), strict=True))
    if len(rows) > _MOST_MODELS + 1:
        rest = rows[_MOST_MODELS:]
        rows = [*rows[:_MOST_MODELS], (f"{len(rest):,} others", _sum(cost for _, cost in rest))]
    places = places_for(cost for _, cost in rows)
    return [_model(at, name, cost, places) for at, (name, cost) in enumerate(rows)]


def _model(at: int, name: str, cost: Decimal | None, places: int) -> Mark:
    amount = "no price" if cost is None else shown(cost, Kind.MONEY, places)
    return {"name": f"{at} {_in_picture(name)}", "cost": float(cost or 0), "shown": amount}


def _in_picture(name: str) -> str:
    """Return a name as an SVG can have it. Vega cuts it to its place, which takes long if it has to cut much."""
    cut = name if len(name) <= _MOST_LETTERS else f"{name[:_MOST_LETTERS]}…"
    return _NOT_IN_XML.sub(_UNKNOWN, cut)


def _sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    with exact():
        return sum(known, Decimal(0)) if known else None


_PLANS: Mapping[str, _Plan] = {
    "daily": _Plan(
        "Tokens by day",
        "Bars are the tokens of each day, the line is their average of seven days. Missing days are grey gaps.",
        "daily_tokens",
        _fields("day", "status", "tokens", "tokens_average"),
        _width_of_days,
        ("tokens", "tokens_average"),
    ),
    "by_model": _Plan(
        "Cost by model",
        f"The {_MOST_MODELS} models that cost most, and the others together, in US dollars.",
        "cost_by_model",
        _models,
        lambda _: _WIDTH_OF_MODELS,
        ("cost",),
    ),
    "credit_days": _Plan(
        "Credits by day",
        "The line is what is left at the end of each day; below zero it is overage. Bars are the credits used, "
        "triangles those granted.",
        "credit_burn_down",
        _fields("day", "granted", "used", "left"),
        _width_of_days,
        ("granted", "used", "left"),
    ),
    "weekday_hours": _Plan(
        "Hours of the week",
        "Tokens by weekday and hour, in the time zone of the tenant, UTC for all tenants together. An hour "
        "without a cell is not known.",
        "hours_of_the_week",
        _fields("weekday", "hour", "tokens"),
        lambda _: WIDTH,
        ("tokens",),
    ),
}
"""The charts by table, in order."""
