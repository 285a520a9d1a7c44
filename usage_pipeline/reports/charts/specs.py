"""The charts as Altair has them, without data. Each is drawn from rows with the fields that it names."""

from typing import Any, Final

import altair as alt

from usage_pipeline.reports.charts import style

_HEIGHT: Final = 190
_LONGEST_NAME: Final = 200


def daily_tokens() -> dict[str, Any]:
    """Fields: day, tokens, tokens_average, status. A missing day is grey, and the line has a gap there."""
    x = _day_axis()
    y = alt.Y("tokens:Q", title="Tokens", axis=_short_axis())
    colour = _colour(style.BARS, style.LINE, style.MISSING)
    tokens = _series("Tokens").mark_bar().encode(x, y, colour)
    average = _line("7-day average").encode(x, alt.Y("tokens_average:Q"), colour)
    missing = _series("Missing day").transform_filter("datum.status === 'missing'")
    gaps = missing.mark_bar().encode(x, colour, y=alt.value("height"), y2=alt.value(0))
    return _finished(alt.layer(tokens, average, gaps), height=_HEIGHT)


def credit_burn_down() -> dict[str, Any]:
    """Fields: day, granted, used, left."""
    x = _day_axis()
    y = alt.Y("used:Q", title="Credits", axis=_short_axis())
    colour = _colour(style.BARS, style.LINE, style.MARKS)
    used = _series("Used").mark_bar().encode(x, y, colour)
    left = _line("Left").encode(x, alt.Y("left:Q"), colour)
    granted = _series("Granted").transform_filter("datum.granted > 0")
    grants = granted.mark_point(shape="triangle-up", size=70, filled=True, opacity=1)
    zero = alt.Chart(alt.InlineData([{}])).mark_rule(color=style.ZERO).encode(y=alt.datum(0))
    return _finished(alt.layer(used, left, grants.encode(x, alt.Y("granted:Q"), colour), zero), height=_HEIGHT)


def cost_by_model() -> dict[str, Any]:
    """Fields: name (with its place before it, as in `3 gpt-4.1`), cost, shown."""
    y = alt.Y(
        "name:N",
        sort=None,
        title=None,
        axis=alt.Axis(
            labelExpr="slice(datum.value, indexof(datum.value, ' ') + 1)",
            labelLimit=_LONGEST_NAME,
            ticks=False,
            domain=False,
        ),
    )
    x = alt.X("cost:Q", title="Cost, USD", axis=_short_axis())
    bars = _rows().mark_bar(color=style.BARS).encode(x, y)
    amounts = _rows().mark_text(align="left", dx=4, color=style.TEXT, fontSize=11).encode(x, y, text="shown:N")
    return _finished(alt.layer(bars, amounts), height=alt.Step(20))


def hours_of_the_week() -> dict[str, Any]:
    """Fields: weekday, hour, tokens. An hour that is not known has no cell; one without usage is almost white."""
    x = alt.X("hour:O", title="Hour of the day", axis=alt.Axis(labelAngle=0, ticks=False, domain=False))
    y = alt.Y("weekday:O", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False))
    label = f"isFinite(datum.value) ? {style.short('datum.value')} : '0'"
    colour = alt.Color(
        "tokens:Q",
        title="Tokens",
        scale=alt.Scale(type="quantize", zero=True, range=list(style.STEPS)),
        legend=alt.Legend(labelExpr=label, gradientLength=250),
    )
    cells = _rows().transform_filter("isValid(datum.tokens)")
    none = cells.mark_rect(color=style.NOTHING, stroke=style.GRID, strokeWidth=0.5).encode(x, y)
    some = cells.transform_filter("datum.tokens > 0").mark_rect().encode(x, y, colour)
    return _finished(alt.layer(none, some), height=alt.Step(20))


def _rows() -> alt.Chart:
    return alt.Chart(alt.NamedData(style.ROWS))


def _series(name: str) -> alt.Chart:
    return _rows().transform_calculate(series=f"'{name}'")


def _line(name: str) -> alt.Chart:
    """Return a line with a small point at each day, so that a day between two gaps is seen."""
    line: alt.Chart = _series(name).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=10))
    return line


def _colour(*of_series: str) -> alt.Color:
    """Return the colours of series in their order; the legend names those that are there."""
    return alt.Color("series:N", title=None, sort=None, scale=alt.Scale(range=list(of_series)))


def _day_axis() -> alt.X:
    return alt.X("day:O", title=None, axis=alt.Axis(labelAngle=0, ticks=False))


def _short_axis() -> alt.Axis:
    return alt.Axis(labelExpr=style.short("datum.value"), tickCount=5, domain=False, ticks=False)


def _finished(chart: alt.LayerChart | alt.FacetChart, height: int | alt.Step) -> dict[str, Any]:
    return {**chart.properties(width=style.WIDTH, height=height).to_dict(), "config": style.CONFIG}
