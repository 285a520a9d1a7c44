"""Prints the result of the demo for readers who are new to the project."""

from collections.abc import Iterator, Sequence

from usage_pipeline.cli.demo import rows
from usage_pipeline.cli.demo.result import Result
from usage_pipeline.cli.demo.truth import Planted
from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.cli.output import Row, console, print_rows, say
from usage_pipeline.metrics.words import SERIES
from usage_pipeline.words import count

CHART_DAYS = 60
"""Most days in a chart, so that it fits into 80 characters."""
_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1

_PLANTED = {
    "spike": "a spike",
    "drop": "a drop",
    "viral_day": "a viral day of short conversations",
    "level_shift": "a shift that stays",
}


def print_summary(result: Result) -> None:
    """Print the landed files and lines, the series, tenants and costs, and the planted anomalies."""
    days, seed = result.days, result.truth.simulation.seed
    tenants = count(len(result.truth.plans), "tenant")
    say(f"Simulated logs of {tenants} on {count(len(days), 'day')}, {days[0]} to {days[-1]}, seed {seed}", "")
    _table("Landed files", rows.landed(result))
    _table("Landed lines", rows.became(result))
    say(*_late(result), "")
    _table("Rejected lines", rows.rejects(result))
    _charts(result)
    _table("Largest tenants", rows.tenants(result))
    _table("Costs; coverage: percent of tokens priced", rows.costs(result))
    at = f"{result.truth.balances_at:%Y-%m-%d %H:%M} UTC"
    _table(f"Credits at {at}, rounded; below 0: overage", rows.balances(result))
    _table("Alerts on limits, in whole units", rows.alerts(result))
    _table("Removed past the term of its plan; all numbers stay", rows.pruned(result))
    heading("Planted anomalies; the bars are the tenant's records by day")
    for planted in result.truth.planted:
        say(*_anomaly(result, planted), "")


def heading(text: str) -> None:
    """Print a heading that looks like the title of a table."""
    console.print(text, style="table.title", highlight=False)
    console.print()


def _table(title: str, found: Sequence[Row]) -> None:
    if found:
        print_rows(found, list(found[0]), OutputFormat.TABLE, title)


def _late(result: Result) -> Iterator[str]:
    late = count(result.became()["late_records"], "record")
    yield f" Late, landed two or more days after they happened: {late}."
    yield " They count on the day on which they happened."


def _charts(result: Result) -> None:
    series = {name: result.series(name) for name in SERIES}
    margin = max(len(f"{value:,}") for values in series.values() for value in values)
    days = result.days[-CHART_DAYS:]
    for name, values in series.items():
        heading(f"{name.capitalize()} per day, all tenants")
        say(*(f" {line}" for line in chart(values[-CHART_DAYS:], (days[0], days[-1]), margin)))
        say(f" {sum(values):,} in all, {min(values):,} to {max(values):,} a day", "")


def _anomaly(result: Result, planted: Planted) -> Iterator[str]:
    """Yield the description of an anomaly, the tenant's records by day, and a mark below each of its days."""
    span = planted.first_day + (f" to {planted.last_day}" if planted.last_day != planted.first_day else "")
    yield f" {planted.tenant}, {span}: {_PLANTED[planted.kind]}, {planted.factor:g} times the usual"
    yield from (f"   {line}" for line in bars(result.records(planted.tenant)[-CHART_DAYS:], height=2))
    marks = ("^" if planted.first_day <= day <= planted.last_day else " " for day in result.days[-CHART_DAYS:])
    yield f"   {''.join(marks)}"


def bars(values: Sequence[int], height: int = 1) -> list[str]:
    """Return lines of bars from top to bottom. The largest value has the full height, and only 0 has no bar."""
    most = max(values, default=0) or 1
    steps = [-(-value * height * _EIGHTHS // most) for value in values]
    return [
        "".join(_BLOCKS[min(max(step - row * _EIGHTHS, 0), _EIGHTHS)] for step in steps)
        for row in reversed(range(height))
    ]


def chart(values: Sequence[int], ends: tuple[str, str], margin: int, height: int = 4) -> Iterator[str]:
    """Yield lines of bars with a scale of this width on their left, and the two ends below."""
    labels = [f"{max(values, default=0):,}", *[""] * (height - 1)]
    for label, line in zip(labels, bars(values, height), strict=True):
        yield f"{label:>{margin}} ┤{line}"
    yield f"{'0':>{margin}} └{'─' * len(values)}"
    first, last = ends
    between = max(len(values) - len(first) - len(last), 1)
    yield f"{'':{margin}}  {first}{'':{between}}{last}"
