"""Prints what the demo found, so that somebody who has never seen the project can read it."""

from collections.abc import Iterator, Sequence

from usage_pipeline.cli.demo import rows
from usage_pipeline.cli.demo.chart import bars, chart
from usage_pipeline.cli.demo.result import Result
from usage_pipeline.cli.demo.truth import Planted
from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.cli.output import Row, console, count, print_rows, say
from usage_pipeline.metrics.queries import SERIES

CHART_DAYS = 60
"""Days that a chart shows at most: a terminal is 80 characters wide."""

_PLANTED = {
    "spike": "a spike",
    "drop": "a drop",
    "viral_day": "a viral day of short conversations",
    "level_shift": "a shift that stays",
}


def print_summary(result: Result) -> None:
    """Print what landed, what became of it, the three series, tenants and costs, and what to look for."""
    days, seed = result.days, result.truth.simulation.seed
    tenants = count(len(result.truth.plans), "tenant")
    say(f"Made-up logs of {tenants} on {count(len(days), 'day')}, {days[0]} to {days[-1]}, seed {seed}", "")
    _table("What landed", rows.landed(result))
    _table("What became of the lines", rows.became(result))
    say(*_late(result), "")
    _table("Rejected lines", rows.rejects(result))
    _charts(result)
    _table("Largest tenants", rows.tenants(result))
    _table("Costs; coverage: percent of tokens priced", rows.costs(result))
    heading("Planted, to be looked for; the bars are the records of the tenant by day")
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
    """A chart for each of the three series, one below the other."""
    series = {name: result.series(name) for name in SERIES}
    margin = max(len(f"{value:,}") for values in series.values() for value in values)
    days = result.days[-CHART_DAYS:]
    for name, values in series.items():
        heading(f"{name.capitalize()} per day, all tenants")
        say(*(f" {line}" for line in chart(values[-CHART_DAYS:], (days[0], days[-1]), margin)))
        say(f" {sum(values):,} in all, {min(values):,} to {max(values):,} a day", "")


def _anomaly(result: Result, planted: Planted) -> Iterator[str]:
    """What was planted, the tenant's records by day, and a mark below each of its days."""
    span = planted.first_day + (f" to {planted.last_day}" if planted.last_day != planted.first_day else "")
    yield f" {planted.tenant}, {span}: {_PLANTED[planted.kind]}, {planted.factor:g} times the usual"
    yield from (f"   {line}" for line in bars(result.records(planted.tenant)[-CHART_DAYS:], height=2))
    marks = ("^" if planted.first_day <= day <= planted.last_day else " " for day in result.days[-CHART_DAYS:])
    yield f"   {''.join(marks)}"
