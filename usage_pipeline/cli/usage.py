"""The command `usage`: by day and dimension from the cubes, or by intervals of the day from the quarter hours."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DataDir,
    Format,
    From,
    OutputFormat,
    To,
    condition,
    load_settings,
    words,
)
from usage_pipeline.cli.output import print_rows
from usage_pipeline.series.buckets import Interval
from usage_pipeline.series.dimensions import CONVERSATIONS, METRICS
from usage_pipeline.series.questions import GROUPS, INTERVAL_GROUPS, IntervalQuery, UsageQuery

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

SHOWN_METRICS = ("records", "requests", "messages", "conversations", "tokens_in", "tokens_out", "tokens_total")
SHOWN_INTERVAL_METRICS = tuple(name for name in SHOWN_METRICS if name != CONVERSATIONS.name)


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
    # After the words were checked: a wrong question needs no database.
    from usage_pipeline.cli.reading import known_days
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        start, end = known_days(storage, first, last)
        _print(storage, replace(query, first=start, last=end), form)


def _print(storage: "Storage", query: UsageQuery | IntervalQuery, form: OutputFormat) -> None:
    if isinstance(query, UsageQuery):
        _print_days(storage, query, form)
    else:
        _print_intervals(storage, query, form)


def _print_days(storage: "Storage", query: UsageQuery, form: OutputFormat) -> None:
    from usage_pipeline.cli.reading import warn_of_missing_days
    from usage_pipeline.series.queries import read_usage

    rows = read_usage(storage, query)
    if "day" not in query.group_by:
        warn_of_missing_days(storage, query)
    print_rows(rows, [*query.group_by, *query.metrics], form, f"Usage, {query.first} to {query.last}")


def _print_intervals(storage: "Storage", query: IntervalQuery, form: OutputFormat) -> None:
    from usage_pipeline.series.intervals import read_intervals

    title = f"Usage, {query.first} to {query.last}, {query.time_zone}"
    print_rows(read_intervals(storage, query), ["start", *query.group_by, *query.metrics], form, title)


def _chosen(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if text is None else words(text)
