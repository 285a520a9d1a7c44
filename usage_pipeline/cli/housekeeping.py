"""The command that removes what piles up and is no data: `clean-up`."""

from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, OutputFormat, reading_settings
from usage_pipeline.cli.output import print_rows
from usage_pipeline.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usage_pipeline.orchestration.clean_up import Cleaned

_COLUMNS = ("place", "kind", "removed", "removed_bytes", "bytes_before", "bytes_after")


def clean_up(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go, and remove nothing.")] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Remove what piles up and is no data, vacuum the databases, and print the size of each place.

    That is temporary files of killed writers, old messages, keys that have long been worth nothing, and what
    Dagster keeps of old runs: their output and their events of transition. Runs, materializations and evaluations
    of checks stay.

    Example: `usage-pipeline clean-up --dry-run`
    """
    from usage_pipeline.cli.progress import progress_bar
    from usage_pipeline.orchestration import clean_up
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        if dry_run:
            _print(clean_up.look(storage), form, "Would be removed")
            return
        with progress_bar() as bar:
            bar.expect("Cleaning up", None)
            cleaned = clean_up.clean_up(storage, bar.advance)
        _print(cleaned, form, "Removed")


def _print(rows: "Sequence[Cleaned]", form: OutputFormat, title: str) -> None:
    from usage_pipeline.orchestration.clean_up import by_kind

    sums = [count(number, kind) for kind, number in by_kind(rows).items()]
    held = sum(row.removed_bytes for row in rows)
    print_rows([vars(row) for row in rows], _COLUMNS, form, f"{title}: {', '.join([*sums, f'{held:,} bytes'])}")
