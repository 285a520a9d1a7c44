"""Commands that read series, days, files and checks: `series`, `days`, `files`, `rejects`, `checks`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    RECENT_DAYS,
    AsOf,
    DataDir,
    Format,
    From,
    OutputFormat,
    Tenant,
    To,
    day_range,
    reading_settings,
    recent_range,
    version,
)
from usage_pipeline.cli.output import print_json, print_rows, warn
from usage_pipeline.errors import QueryError

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage
    from usage_pipeline.validation.results import CheckResult

_CHECK_COLUMNS = ("day", "table_name", "check_name", "result", "observed", "expected")
_MOST_LINES = 1_000_000_000


def series(  # noqa: PLR0913, PLR0917 - one parameter per option
    tenant: Tenant,
    as_of: AsOf = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print a tenant's daily tokens, conversations and messages; by default the last 90 days.

    A missing day has no value: null in JSON, an empty field in CSV. JSON dates are UTC midnight in ms.

    With `--as-of`, a day without a value was not published by then, or had no usage yet.

    Example: `usage-pipeline series --tenant acme --from 2026-02-01 --to 2026-02-28 --format json`

    Example: `usage-pipeline series --tenant acme --from 2026-02-01 --to 2026-02-28 --as-of 2026-03-05`
    """
    from usage_pipeline.metrics.queries import SeriesQuery, of_tenant

    settings = reading_settings(data_dir)
    start, end = recent_range(settings, first, last)
    query = SeriesQuery(start, end, of_tenant(tenant), as_of=version(as_of))

    from usage_pipeline.cli.reading import tell_of_missing_days, warn_unknown_tenant
    from usage_pipeline.metrics.read import read
    from usage_pipeline.metrics.series import series_points
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        answer = read(storage, query)
        tell_of_missing_days(storage, answer)
    if form is OutputFormat.JSON:
        print_json(series_points(answer.rows))
        return
    print_rows(answer.rows, query.columns, form, f"Daily series of {tenant}")


def days(first: From = None, last: To = None, form: Format = OutputFormat.TABLE, data_dir: DataDir = None) -> None:
    """Print the status of each event day, and the tallies of its landed rows.

    The default is the 90 days up to the last day with records or a landing folder. A day is `missing` (not
    ingested), `provisional` (may still grow), `final`, or `restated` (changed after it was final). The
    records of `pruned` lines are past their term and gone.

    Example: `usage-pipeline days --from 2026-02-01`
    """
    from usage_pipeline.series.status import DayReader
    from usage_pipeline.storage.daily import ACCOUNTED
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        known = reader.known_days() or (settings.clock.today, settings.clock.today)
        recent = max(known[0], known[1] - timedelta(days=RECENT_DAYS - 1))
        start, end = day_range(first, last, (recent, known[1]))
        found = reader.read(start, end)
    columns = ["day", "status", "version", "records", "pruned", *ACCOUNTED]
    print_rows([vars(day) for day in found], columns, form, "Event days")


def files(
    first: From = None, last: To = None, form: Format = OutputFormat.TABLE, data_dir: DataDir = None
) -> None:
    """Print the landing files with their state and lines.

    lines = header + continuation + blank + skipped + superseded + accepted + rejected. A skipped line is no event,
    another line of the file replaces a superseded one, and `further_events` of lines that hold several are lines
    here. A file is landed, quarantined, failed or withdrawn. `vanished_at` is the time at which a file was first
    missing from the landing folder, `pruned_at` that at which it was removed past its term; `accepted_pruned` and
    `rejects_pruned` are lines of which nothing is left.

    Example: `usage-pipeline files --from 2026-02-01 --format csv`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.storage import landed_files
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        known = landed_files.files(connection)
    found = [{**vars(file), "state": file.state.value} for file in known if start <= file.landing_day <= end]
    counts = ["lines", "further_events", *landed_files.LINE_OUTCOMES, "accepted_pruned", "rejects_pruned"]
    print_rows(found, ["path", "state", *counts, "vanished_at", "pruned_at", "error"], form, "Landing files")


def rejects(  # noqa: PLR0913, PLR0917 - one parameter per option
    first: From = None,
    last: To = None,
    file: Annotated[str | None, typer.Option(help="One landing file, as `files` prints it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_LINES, help="Print at most this many lines.")] = 100,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print rejected lines of landing days, with the reason, the value found and the expectation.

    This includes accepted lines that lost to another line (`conflict`), and voids without a record
    (`void_without_target`). The table begins with a summary by reason and leaves out the line itself; JSON and CSV
    hold it. `landing_event` is the number of the event in a line that holds several.

    Example: `usage-pipeline rejects --from 2026-02-20 --format json`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.cli.reading import hold_several
    from usage_pipeline.records.queries import LandingRange, count_faults, read_faults
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        _check_file(storage, file)
        asked = LandingRange(start, end, file)
        found = read_faults(storage, asked, limit + 1)
        summary = count_faults(storage, asked) if form is OutputFormat.TABLE else []
        numbered = form is not OutputFormat.TABLE or hold_several(storage, found)
    if summary:
        print_rows(summary, ["reason", "lines", "files"], form, "Rejected lines by reason")
    if len(found) > limit:
        warn(f"There are more than {limit} lines; raise --limit, or narrow the days.")
    raw = [] if form is OutputFormat.TABLE else ["raw"]
    place = ["landing_file", "landing_line", *(["landing_event"] if numbered else [])]
    print_rows(found[:limit], [*place, "reason", "field", "found", "expected", *raw], form, "Rejected lines")


def checks(
    first: From = None,
    last: To = None,
    everything: Annotated[bool, typer.Option("--all", help="Include checks that did not fail.")] = False,  # noqa: FBT002
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print failed checks by day, with the result and the expectation.

    The day is a landing day for `landed_events`, and an event day for all other tables. `error` means that tallies
    do not balance or a schema is broken; `warning` means that usage may be wrong or unusual.

    Example: `usage-pipeline checks --from 2026-02-01 --all --format json`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.storage.opened import open_storage
    from usage_pipeline.validation.results import read_results

    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        found = read_results(connection, start, end)
    shown = [result for result in found if everything or result.failed]
    print_rows(
        [row for result in shown for row in _check_rows(result, form)],
        [*_CHECK_COLUMNS, *(["details"] if form is OutputFormat.JSON else [])],
        form,
        "Checks" if everything else "Checks that failed",
    )


def _check_rows(result: "CheckResult", form: OutputFormat) -> Iterator[dict[str, object]]:
    """Yield the row of a check; in a table with a row of each detail below it, in CSV with all of them in it."""
    observed = result.in_words if form is OutputFormat.CSV else result.observed
    yield {**vars(result), "result": result.outcome, "observed": observed}
    for detail in result.details if form is OutputFormat.TABLE else ():
        words = ", ".join(f"{name} {value}" for name, value in detail.items())
        yield {**dict.fromkeys(_CHECK_COLUMNS, ""), "observed": f"- {words}"}


def _check_file(storage: "Storage", path: str | None) -> None:
    from usage_pipeline.storage import landed_files

    with storage.warehouse.connect() as connection:
        known = {file.path for file in landed_files.files(connection)}
    if path is not None and path not in known:
        raise QueryError(f"No landing file {path!r} is known; `usage-pipeline files` lists them.")
