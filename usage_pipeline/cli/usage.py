"""The command `usage`: by day and dimension from the cubes, or by intervals of the day from the quarter hours."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, From, OutputFormat, To, day_range, load_settings, words
from usage_pipeline.cli.output import count, print_rows
from usage_pipeline.cli.session import warn
from usage_pipeline.errors import QueryError
from usage_pipeline.series.buckets import Interval
from usage_pipeline.series.dimensions import CONVERSATIONS, METRICS
from usage_pipeline.series.intervals import INTERVAL_GROUPS, IntervalQuery, read_intervals
from usage_pipeline.series.queries import GROUPS, UsageQuery, missing_days, read_usage
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage.opened import Storage, open_storage

SHOWN_METRICS = ("records", "requests", "messages", "conversations", "tokens_in", "tokens_out", "tokens_total")
SHOWN_INTERVAL_METRICS = tuple(name for name in SHOWN_METRICS if name != CONVERSATIONS.name)
NAMED_DAYS = 5


def usage(  # noqa: PLR0913, PLR0917 - one parameter per option
    group_by: Annotated[
        str | None, typer.Option(help=f"Comma-separated: {', '.join(GROUPS)}. [default: day]", show_default=False)
    ] = None,
    where: Annotated[list[str] | None, typer.Option(help="dimension=value; may be repeated.")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help=f"Comma-separated: {', '.join(METRICS)}. [default: {','.join(SHOWN_METRICS)}]", show_default=False
        ),
    ] = None,
    interval: Annotated[
        Interval | None,
        typer.Option(
            help=f"A row per interval and group ({', '.join(INTERVAL_GROUPS)}), without conversations, which "
            "have no time of day."
        ),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Days are those of this zone, such as Asia/Kolkata; --interval day.")
    ] = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print usage grouped by day, tenant or any dimension, or by intervals; by default all known days.

    The group of records without a value is `(none)`. A missing day has no value: null in JSON, an empty field
    in CSV. Sums that are not by day leave missing days out, and a warning names them.

    Example: `usage-pipeline usage --group-by day,model --where tenant=acme --metrics tokens_in,tokens_out`

    Example: `usage-pipeline usage --interval hour --time-zone Europe/Berlin --from 2026-02-20`
    """
    settings = load_settings(data_dir)
    conditions = tuple(map(condition, where or []))
    today = settings.today()
    query: UsageQuery | IntervalQuery
    if interval is None and time_zone is None:
        groups, names = _chosen(group_by, ("day",)), _chosen(metrics, SHOWN_METRICS)
        query = UsageQuery(today, today, groups, conditions, names)
    else:
        groups, names = _chosen(group_by, ()), _chosen(metrics, SHOWN_INTERVAL_METRICS)
        cut = interval or Interval.DAY, time_zone or "UTC"
        query = IntervalQuery(today, today, *cut, groups, conditions, names)
    with open_storage(settings) as storage:  # after the words were checked: opening may start a server
        start, end = known_days(storage, first, last)
        _print(storage, replace(query, first=start, last=end), form)


def _print(storage: Storage, query: UsageQuery | IntervalQuery, form: OutputFormat) -> None:
    if isinstance(query, UsageQuery):
        _print_days(storage, query, form)
    else:
        _print_intervals(storage, query, form)


def _print_days(storage: Storage, query: UsageQuery, form: OutputFormat) -> None:
    rows = read_usage(storage, query)
    if "day" not in query.group_by:
        warn_of_missing_days(storage, query)
    print_rows(rows, [*query.group_by, *query.metrics], form, f"Usage, {query.first} to {query.last}")


def _print_intervals(storage: Storage, query: IntervalQuery, form: OutputFormat) -> None:
    title = f"Usage, {query.first} to {query.last}, {query.time_zone}"
    print_rows(read_intervals(storage, query), ["start", *query.group_by, *query.metrics], form, title)


def warn_of_missing_days(storage: Storage, query: UsageQuery) -> None:
    """Tell which days of the query are in no sum."""
    missing = missing_days(storage, query)
    if missing:
        named = ", ".join(map(str, missing[:NAMED_DAYS])) + (", ..." if len(missing) > NAMED_DAYS else "")
        verb = "is" if len(missing) == 1 else "are"
        warn(f"{len(missing):,} of {count(len(query.days), 'day')} {verb} missing and not in these sums: {named}")


def known_days(storage: Storage, first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """The asked range of days, by default from the first to the last known day."""
    today = storage.settings.today()
    with storage.warehouse.connect() as connection:
        known = DayReader(storage, connection).known_days() or (today, today)
    return day_range(first, last, default=known)


def _chosen(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if text is None else words(text)


def condition(text: str) -> tuple[str, str]:
    """The dimension and the value of a --where."""
    name, separator, value = text.partition("=")
    if not separator:
        raise QueryError(f"--where {text!r}: expected dimension=value, such as model=gpt-4o.")
    return name.strip(), value
