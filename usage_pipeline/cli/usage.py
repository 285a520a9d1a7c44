"""The command `usage`: by day and dimension from the cubes, or by intervals of the day from the quarter hours."""

from dataclasses import replace
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, From, OutputFormat, To, condition, reading_settings, words
from usage_pipeline.cli.output import print_rows, warn
from usage_pipeline.metrics.buckets import Interval
from usage_pipeline.metrics.words import INTERVAL_GROUPS, UNRATED, USAGE_GROUPS, USAGE_METRICS
from usage_pipeline.registry import CONVERSATIONS
from usage_pipeline.words import count

SHOWN_METRICS = ("records", "requests", "messages", "conversations", "tokens_in", "tokens_out", "tokens_total")
SHOWN_INTERVAL_METRICS = tuple(name for name in SHOWN_METRICS if name != CONVERSATIONS.name)


def usage(  # noqa: PLR0913, PLR0917 - one parameter per option
    group_by: Annotated[
        str | None,
        typer.Option(help=f"Comma-separated: {', '.join(USAGE_GROUPS)}. [default: day]", show_default=False),
    ] = None,
    where: Annotated[list[str] | None, typer.Option(help="dimension=value; may be repeated.")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help=f"Comma-separated: {', '.join(USAGE_METRICS)}. [default: {','.join(SHOWN_METRICS)}]",
            show_default=False,
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
    """Print usage grouped by day, tenant or any dimension, or by intervals. The default is all known days.

    The group of records without a value is `(none)`. A missing day has no value: null in JSON, an empty field
    in CSV. Sums that are not by day leave out missing days, and a warning names them.

    Beside `credits` stand the operations without a rate, which are in no credits; `unrated` groups operations by
    the reason.

    Example: `usage-pipeline usage --group-by day,model --where tenant=acme --metrics tokens_in,tokens_out`

    Example: `usage-pipeline usage --group-by tenant,feature --metrics credits`

    Example: `usage-pipeline usage --interval hour --time-zone Europe/Berlin --from 2026-02-20`
    """
    from usage_pipeline.metrics.queries import IntervalQuery, UsageQuery

    settings = reading_settings(data_dir)
    conditions = tuple(map(condition, where or []))
    today = settings.clock.today
    query: UsageQuery | IntervalQuery
    if interval is None and time_zone is None:
        groups, names = _chosen(group_by, ("day",)), _chosen(metrics, SHOWN_METRICS)
        query = UsageQuery(today, today, groups, conditions, _with_unrated(names))
    else:
        groups, names = _chosen(group_by, ()), _chosen(metrics, SHOWN_INTERVAL_METRICS)
        zone = time_zone or "UTC"
        query = IntervalQuery(
            today, today, groups, conditions, names, interval=interval or Interval.DAY, time_zone=zone
        )
    # After the query is checked, because a wrong query needs no database.
    from usage_pipeline.cli.reading import (
        known_days,
        tell_of_missing_days,
        warn_of_partly_missing,
        warn_of_unknown_values,
    )
    from usage_pipeline.metrics.read import read
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        start, end = known_days(storage, first, last)
        answer = read(storage, replace(query, first=start, last=end))
        warn_of_unknown_values(storage, answer)
        tell_of_missing_days(storage, answer)
    title = f"Usage, {start} to {end}"
    if isinstance(query, IntervalQuery):
        print_rows(answer.rows, query.columns, form, f"{title}, {query.time_zone}")
        warn_of_partly_missing(answer, query.interval)
        return
    print_rows(answer.rows, query.columns, form, title)
    if unrated := sum(row.get(_UNRATED_OPERATIONS) or 0 for row in answer.rows):
        warn(
            f"{count(unrated, 'operation')} without a rate, in no credits; see why with --metrics operations "
            f"--group-by type,{UNRATED}."
        )


_UNRATED_OPERATIONS = "unrated_operations"


def _with_unrated(metrics: tuple[str, ...]) -> tuple[str, ...]:
    """The metrics, and behind credits what is in none: a total does not stand without it."""
    if "credits" not in metrics or _UNRATED_OPERATIONS in metrics:
        return metrics
    place = metrics.index("credits") + 1
    return (*metrics[:place], _UNRATED_OPERATIONS, *metrics[place:])


def _chosen(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if text is None else words(text)
