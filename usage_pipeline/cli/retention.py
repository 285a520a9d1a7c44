"""The command that removes what is past its term: `prune`."""

import getpass
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DAY,
    ID,
    By,
    DataDir,
    Format,
    OutputFormat,
    parse_day,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows
from usage_pipeline.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usage_pipeline.retention.pruning import Pruned

_COLUMNS = ("day", "files", "texts", "records", "rejects", "bytes")


def prune(  # noqa: PLR0913 - one parameter per option
    as_of: Annotated[
        date | None, typer.Option(parser=parse_day, metavar=DAY, help="Prune as on this day, by default today.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="Prune only what belongs to this tenant.")
    ] = None,
    by: By = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go, and remove nothing.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Remove an unusual share, or something recent, too.")
    ] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Remove records, texts, rejected lines and landing files past their term by the plans of their tenants.

    A landing file goes when everything in it is past its term. Rollups, series and costs stay. Nothing of a
    tenant on legal hold goes. Each removal is in the audit log. A day that is not up to date keeps its records
    and those after it: then the exit code is 1.

    Example: `usage-pipeline prune --dry-run`
    """
    from usage_pipeline.cli.progress import progress_bar
    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.errors import PruningError
    from usage_pipeline.pipeline.tables import DAILY_TABLES
    from usage_pipeline.retention import pruning
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        found = pruning.plan(storage, as_of, tenant)
        if dry_run:
            if form is OutputFormat.TABLE:
                kept = [vars(entry) for entry in found.terms.by_tenant()]
                print_rows(kept, list(kept[0]), form, "Kept from; empty: all is kept")
            _print(pruning.by_day(found.entries), form, f"Past its term on {found.terms.day}")
            return
        if not confirm:
            pruning.expect_usual(storage, found)
        with progress_bar() as bar:
            outcome = pruning.prune(storage, DAILY_TABLES, found, by or getpass.getuser(), bar)
        _print(outcome.removed, form, f"Removed as on {found.terms.day}")
        if outcome.problems:
            raise PruningError("\n".join(outcome.problems))


def _print(rows: "Sequence[Pruned]", form: OutputFormat, title: str) -> None:
    files, texts, records, rejects, size = (sum(getattr(row, name) for row in rows) for name in _COLUMNS[1:])
    sums = (
        count(files, "landing file"),
        count(texts, "text"),
        count(records, "record"),
        count(rejects, "rejected line"),
    )
    print_rows([vars(row) for row in rows], _COLUMNS, form, f"{title}: {', '.join(sums)}, {size:,} bytes")
