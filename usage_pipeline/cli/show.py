"""Commands that read: `series`, `usage`, `days`, `files`, `rejects`."""

from datetime import date, timedelta
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, From, OutputFormat, To, day_range, load_settings
from usage_pipeline.cli.output import print_json, print_rows
from usage_pipeline.cli.session import warn
from usage_pipeline.errors import QueryError
from usage_pipeline.events.landing.rejects import read_rejects
from usage_pipeline.series.dimensions import METRICS
from usage_pipeline.series.queries import (
    GROUPS,
    UsageQuery,
    known_tenants,
    read_series,
    read_usage,
    series_points,
)
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage, open_storage

RECENT_DAYS = 90


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(series)
    app.command()(usage)
    app.command()(days)
    app.command()(files)
    app.command()(rejects)


def series(
    tenant: Annotated[str, typer.Option(help="The tenant.")],
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print a tenant's daily tokens, conversations and messages; by default the last 90 days.

    A missing day has no value: null in JSON, an empty field in CSV. JSON dates are UTC midnight in ms.

    Example: `usage-pipeline series --tenant acme --from 2026-02-01 --to 2026-02-28 --format json`
    """
    settings = load_settings(data_dir)
    start, end = day_range(first, last, default=last_days(settings))
    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        points = read_series(storage, tenant, start, end)
    if form is OutputFormat.JSON:
        print_json(series_points(points))
        return
    print_rows(
        [vars(point) for point in points],
        ["day", "tokens", "conversations", "messages"],
        form,
        f"Daily series of {tenant}",
    )


def usage(  # noqa: PLR0913, PLR0917 - one parameter per option
    group_by: Annotated[str, typer.Option(help=f"Comma-separated: {', '.join(GROUPS)}.")] = "day",
    where: Annotated[list[str] | None, typer.Option(help="dimension=value; may be repeated.")] = None,
    metrics: Annotated[str, typer.Option(help=f"Comma-separated: {', '.join(METRICS)}.")] = (
        "records,requests,messages,conversations,tokens_in,tokens_out,tokens_total"
    ),
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print usage grouped by day, tenant or any dimension; by default all days.

    The group of records without a value is `(none)`.

    Example: `usage-pipeline usage --group-by day,model --where tenant=acme --metrics tokens_in,tokens_out`
    """
    settings = load_settings(data_dir)
    start, end = day_range(first, last, default=(settings.first_day, settings.today()))
    groups, names = words(group_by), words(metrics)
    query = UsageQuery(start, end, groups, tuple(map(_condition, where or [])), names)
    with open_storage(settings) as storage:
        print_rows(read_usage(storage, query), [*groups, *names], form, f"Usage, {start} to {end}")


def days(first: From = None, last: To = None, form: Format = OutputFormat.TABLE, data_dir: DataDir = None) -> None:
    """Print how far each event day can be trusted, and how its landed rows were accounted for.

    By default the 90 days up to the last that has records or a landing folder.

    missing: not ingested; provisional: may still grow; final; restated: changed after it was final.

    Example: `usage-pipeline days --from 2026-02-01`
    """
    settings = load_settings(data_dir)
    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        known = reader.known_days() or (settings.today(), settings.today())
        recent = max(known[0], known[1] - timedelta(days=RECENT_DAYS - 1))
        start, end = day_range(first, last, default=(recent, known[1]))
        found = reader.read(start, end)
    columns = ["day", "status", "version", "records", "duplicates", "conflicts", "late_records"]
    print_rows([vars(day) for day in found], columns, form, "Event days")


def files(
    first: From = None, last: To = None, form: Format = OutputFormat.TABLE, data_dir: DataDir = None
) -> None:
    """Print the landing files: what became of each, and its lines.

    lines = header + continuation + blank + accepted + rejected.

    Example: `usage-pipeline files --from 2026-02-01 --format csv`
    """
    settings = load_settings(data_dir)
    start, end = day_range(first, last, default=(date.min, date.max))
    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        found = [vars(file) for file in state.files(connection) if start <= file.landing_day <= end]
    counts = ["lines", "header", "continuation", "blank", "accepted", "rejected"]
    print_rows(found, ["path", "state", *counts, "error"], form, "Landing files")


def rejects(  # noqa: PLR0913, PLR0917 - one parameter per option
    first: From = None,
    last: To = None,
    file: Annotated[str | None, typer.Option(help="One landing file, as `files` prints it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines.")] = 100,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print rejected lines of landing days: where, why, what was found and what was expected.

    The table leaves the line itself out; JSON and CSV hold it.

    Example: `usage-pipeline rejects --from 2026-02-20 --format json`
    """
    settings = load_settings(data_dir)
    start, end = day_range(first, last, default=(date.min, date.max))
    with open_storage(settings) as storage:
        _check_file(storage, file)
        found = read_rejects(storage, start, end, file, limit + 1)
    if len(found) > limit:
        warn(f"There are more than {limit} lines; raise --limit, or narrow the days.")
    raw = [] if form is OutputFormat.TABLE else ["raw"]
    columns = ["landing_file", "landing_line", "reason", "field", "found", "expected", *raw]
    print_rows(found[:limit], columns, form, "Rejected lines")


def _check_file(storage: Storage, path: str | None) -> None:
    with storage.warehouse.connect() as connection:
        known = {file.path for file in state.files(connection)}
    if path is not None and path not in known:
        raise QueryError(f"No landing file {path!r} is known; `usage-pipeline files` lists them.")


def words(text: str) -> tuple[str, ...]:
    """The words of a comma-separated option."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _condition(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise QueryError(f"--where {text!r}: expected dimension=value, such as model=gpt-4o.")
    return name.strip(), value


def last_days(settings: Settings) -> tuple[date, date]:
    """The last 90 days, today included."""
    today = settings.today()
    return today - timedelta(days=RECENT_DAYS - 1), today


def warn_unknown_tenant(storage: Storage, tenant: str) -> None:
    """Tell when a tenant is asked for of which nothing is known, most likely a typing error."""
    with storage.warehouse.connect() as connection:
        known = known_tenants(connection)
    if tenant not in known:
        warn(f"No usage of a tenant {tenant!r} has landed; known are {', '.join(known[:20]) or 'none'}.")
