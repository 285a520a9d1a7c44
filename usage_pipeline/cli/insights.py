"""Commands that look ahead and back: `forecast`, `insights`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DAY,
    DataDir,
    Format,
    OutputFormat,
    parse_day,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import Row, note, print_json, print_rows, warn
from usage_pipeline.insights.measures import MEASURES, SUMS, USUAL, USUAL_SUMS, measure_of
from usage_pipeline.registry import DIMENSION_NAMES, RECORD_METRIC_NAMES
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

_FORECAST_SHOWN = {
    "sums": (
        *("tenant_id", "measure", "period", "last_day", "value", "low_80", "high_80"),
        *("known", "missing_days", "method", "mase", "reason"),
    ),
    "credits": (
        "tenant_id",
        "known_until",
        "left",
        "probability",
        "passed_on",
        "earliest",
        "latest",
        "is_over",
        "reason",
    ),
    "limits": (
        *(
            "tenant_id",
            "limit_id",
            "member_id",
            "project",
            "model",
            "last_day",
            "amount",
            "used",
            "missing_days",
            "value",
        ),
        *("probability", "passed_on", "is_over", "reason"),
    ),
}
_INSIGHTS_SHOWN = {
    "trends": ("tenant_id", "measure", "compared", "last_day", "now", "before", "change", "percent"),
    "anomalies": (
        *("tenant_id", "measure", "kind", "severity", "first_day", "last_day", "worst_day"),
        *("value", "expected", "low", "high", "explained_by"),
    ),
    "shares": ("tenant_id", "measure", "dimension", "value", "amount", "percent", "before", "shift"),
    "peaks": ("tenant_id", "metric", "time_zone", "of", "at", "value"),
}
"""The columns of tables."""
_NOT_JUDGED = "Not looked at for anomalies, because"
_RANKS_OF_TABLES = range(4)
"""JSON and CSV have all peaks; what is not ranked has none."""

Tenants = Annotated[
    list[str] | None,
    typer.Argument(metavar="TENANT", parser=parse_id, help="Tenants, one by one; all together without any."),
]
Each = Annotated[bool, typer.Option("--each", help="Each tenant by itself, instead of all together.")]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_day,
        metavar=DAY,
        help="The last day that counts, by the numbers of now. Yesterday without it.",
    ),
]


class ForecastPart(StrEnum):
    """What a forecast has."""

    SUMS = "sums"
    DAYS = "days"
    CREDITS = "credits"
    LIMITS = "limits"


class InsightsPart(StrEnum):
    """What insights have."""

    TRENDS = "trends"
    ANOMALIES = "anomalies"
    SHARES = "shares"
    PEAKS = "peaks"


def forecast(  # noqa: PLR0913 - one parameter per option
    tenants: Tenants = None,
    *,
    measures: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            help=f"One of {', '.join(SUMS)}; may be repeated. [default: {', '.join(USUAL_SUMS)}]",
            show_default=False,
        ),
    ] = None,
    as_of: AsOf = None,
    each: Each = False,
    show: Annotated[
        ForecastPart | None, typer.Option(help="Only this; CSV has one kind of rows, sums without it.")
    ] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print what is expected: sums of the billing period and the next one, when credits run out, and limits.

    The days to the end of the period and 30 days on are shown with `--show days`, and are always in JSON. Of 100
    cases, 80 are between `low_80` and `high_80`. `mase` is how forecasts made in the same way erred, in errors of
    `seasonal naive`, which expects each day to be as a week before. Where there is no forecast, `reason` says why.
    `value` is what is `known` so far and what is expected of the other days; `missing_days`, of which nothing is
    known, are in neither. What came after the last known day is expected: `estimated_days` counts such days.
    `passed_on` is the day by which credits run out, or a limit is passed, in half of the cases. If one
    `is_over` already, it is the day on which that came to be, or empty where it is not known.

    Example: `usage-pipeline forecast acme --measure cost --show days`

    Example: `usage-pipeline forecast --each --measure credits --format csv --show credits`
    """
    asked = [measure_of(name, SUMS) for name in measures or USUAL_SUMS]
    settings = reading_settings(data_dir)
    # After the question is checked, because a wrong one needs no database.
    from usage_pipeline.cli.insights_rows import FORECAST_COLUMNS, ForecastRows
    from usage_pipeline.cli.progress import late_progress_bar
    from usage_pipeline.cli.reading import warn_before_data
    from usage_pipeline.insights.outlook.read_outlook import OutlookQuestion, read_outlook, read_outlooks
    from usage_pipeline.storage.opened import open_storage

    question = OutlookQuestion(asked, as_of or settings.clock.yesterday)
    rows = ForecastRows()
    with open_storage(settings) as storage, late_progress_bar("forecasting tenants") as tell:
        names = _names(storage, tenants, each=each)
        warn_before_data(storage, question.as_of)
        outlooks = [read_outlook(storage, question, None)] if names is None else ()
        for outlook in outlooks or read_outlooks(storage, question, names or [], tell):
            rows.add(outlook)
    found = _Parts(rows.parts, FORECAST_COLUMNS, _FORECAST_SHOWN, f"as of {question.as_of}")
    found.print(form, show, ForecastPart.SUMS)
    if rows.begins and min(rows.begins) <= question.as_of:
        note(f"Some days up to {question.as_of} are missing: forecasts begin on {min(rows.begins)}.")
    if rows.missing:
        note(
            f"Sums leave out missing days, up to {count(max(rows.missing), 'day')} of a period: see missing_days."
        )
    for reason, series in rows.no_error.items() if show in {None, ForecastPart.SUMS} else ():
        note(f"No mase, because {reason}: {', '.join(series)}.")


def insights(  # noqa: PLR0913 - one parameter per option
    tenants: Tenants = None,
    *,
    measures: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            help=f"One of {', '.join(MEASURES)}; may be repeated. [default: {', '.join(USUAL)}]",
            show_default=False,
        ),
    ] = None,
    as_of: AsOf = None,
    each: Each = False,
    judged_days: Annotated[
        int, typer.Option("--days", min=1, max=92, help="The last days, of which anomalies are told.")
    ] = 7,
    dimension: Annotated[
        str, typer.Option(help=f"Shares are by this one: {', '.join(DIMENSION_NAMES)}.")
    ] = "model",
    show: Annotated[
        InsightsPart | None, typer.Option(help="Only this; CSV has one kind of rows, trends without it.")
    ] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print what changed: trends, anomalies with what explains them, shares with their shift, and peaks.

    Trends compare averages of days, up to the last known one, with those before. An anomaly is a day, or some days
    together, unlike those before; `low` and `high` hold 95 % of usual days. Shares and peaks are of the last 28
    days. Peaks are by the clock of the tenant, of the first measure that has a time of day, from its first use on.

    Example: `usage-pipeline insights acme --measure cost --dimension feature`

    Example: `usage-pipeline insights --each --show anomalies --days 30 --format csv`
    """
    asked = [measure_of(name) for name in measures or USUAL]
    settings = reading_settings(data_dir)
    from usage_pipeline.cli.insights_rows import INSIGHTS_COLUMNS, InsightsRows
    from usage_pipeline.cli.progress import late_progress_bar
    from usage_pipeline.cli.reading import warn_before_data
    from usage_pipeline.insights.overview import InsightsQuestion, read_insights_of_each
    from usage_pipeline.storage.opened import open_storage

    question = InsightsQuestion(asked, as_of or settings.clock.yesterday, dimension, judged_days)
    rows = InsightsRows()
    with open_storage(settings) as storage, late_progress_bar("looking at tenants") as tell:
        names = _names(storage, tenants, each=each)
        warn_before_data(storage, question.as_of)
        _warn_of_holidays(storage)
        for found in read_insights_of_each(storage, question, names or [None], tell):
            rows.add(found)
    parts = _Parts(rows.parts, INSIGHTS_COLUMNS, _INSIGHTS_SHOWN, f"as of {question.as_of}")
    parts.print(form, show, InsightsPart.TRENDS)
    if question.peak_metric is None:
        note(f"No peaks: they are of {', '.join(RECORD_METRIC_NAMES)}, which have a time of day.")
    for (begin, reason), series in rows.not_judged.items():
        since = f"Looked at for anomalies from {begin} on, because before it" if begin else _NOT_JUDGED
        note(f"{since} {reason}: {', '.join(series)}.")


def _warn_of_holidays(storage: "Storage") -> None:
    from usage_pipeline.billing.billed_tenants import billed_tenants
    from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, read_holidays, unknown_tenants

    holidays = read_holidays(storage.settings.reference / HOLIDAYS_FILE)
    with storage.warehouse.connect() as connection:
        for problem in unknown_tenants(holidays, billed_tenants(storage.settings, connection)):
            warn(problem)


@dataclass(frozen=True)
class _Parts:
    """What a command prints: rows by what they tell, their columns, and those of tables."""

    rows: Mapping[str, Sequence[Row]]
    columns: Mapping[str, Sequence[str]]
    shown: Mapping[str, Sequence[str]]
    when: str

    def print(self, form: OutputFormat, only: str | None, usual: str) -> None:
        """Print one part, or all: JSON has an object of all, tables those in `shown`, CSV the usual one."""
        match form:
            case OutputFormat.JSON if only is None:
                print_json({name: self._cells(name) for name in self.columns})
            case OutputFormat.TABLE:
                for name in self.shown if only is None else (only,):
                    columns = self.shown.get(name, self.columns[name])
                    print_rows(self._told(name), columns, form, f"{name.capitalize()} {self.when}")
            case _:
                print_rows(self._cells(only or usual), self.columns[only or usual], form)

    def _cells(self, name: str) -> list[dict[str, object]]:
        return [{column: row[column] for column in self.columns[name]} for row in self.rows[name]]

    def _told(self, name: str) -> list[dict[str, object]]:
        """Return rows for people: what has a rank is told of the first ones only."""
        found = (row for row in self.rows[name] if row.get("rank", 0) in _RANKS_OF_TABLES)
        return [{**row, "tenant_id": row["tenant_id"] or "all together"} for row in found]


def _names(storage: "Storage", tenants: Sequence[str] | None, *, each: bool) -> list[str] | None:
    """Return the tenants that are asked for; None for all together. Raises QueryError for unknown ones."""
    from usage_pipeline.billing.billed_tenants import billed_tenants
    from usage_pipeline.billing.ledger.accounts import expect_account

    if tenants and each:
        raise typer.BadParameter("name tenants or give --each, not both")
    for name in tenants or ():
        expect_account(storage, name)
    if not each:
        return list(dict.fromkeys(tenants)) if tenants else None
    with storage.warehouse.connect() as connection:
        return sorted(billed_tenants(storage.settings, connection))
