"""The command `checks`: what was found on which day."""

from datetime import date
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, From, OutputFormat, To, day_range, load_settings
from usage_pipeline.cli.output import print_rows


def checks(
    first: From = None,
    last: To = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that did not fail.")] = False,  # noqa: FBT002
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the checks of days that failed: what was found, and what was expected.

    The day is a landing day for `landed_events`, an event day for all other tables. `error` means that the
    tallies do not balance or a schema is broken, `warning` that somebody should look.

    Example: `usage-pipeline checks --from 2026-02-01 --all --format json`
    """
    settings = load_settings(data_dir)
    start, end = day_range(first, last, default=(date.min, date.max))

    from usage_pipeline.storage.opened import open_storage
    from usage_pipeline.validation.results import read_results

    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        found = read_results(connection, start, end)
    rows = [
        {**vars(result), "result": result.outcome, "observed": result.in_words}
        for result in found
        if everything or result.failed
    ]
    columns = ["day", "table_name", "check_name", "result", "observed", "expected"]
    print_rows(rows, columns, form, "Checks" if everything else "Checks that failed")
