"""The command for report files: `report`."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DataDir,
    From,
    OneTenant,
    To,
    condition,
    parse_month,
    reading_settings,
    words,
)
from usage_pipeline.cli.output import say, warn
from usage_pipeline.errors import QueryError
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.reports.batch import Batch
    from usage_pipeline.reports.scope import ReportPeriod
    from usage_pipeline.settings import Settings

_DEFAULT_FORMATS = "pdf"


def report(  # noqa: PLR0913 - one parameter per option
    *,
    tenant: OneTenant = None,
    first: From = None,
    last: To = None,
    month: Annotated[
        date | None,
        typer.Option("--month", parser=parse_month, metavar="YYYY-MM", help="A month instead of --from and --to."),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="Comma-separated: pdf, html, csv, json, xlsx, focus, runs.")
    ] = _DEFAULT_FORMATS,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="dimension=value; of several values of one, any.")
    ] = None,
    project: Annotated[list[str] | None, typer.Option(help="Short for --where project=…")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files instead of `reports` in the data directory.")
    ] = None,
    texts: Annotated[
        str,
        typer.Option(help="Of runs, with --out: texts to include, some of input,output,error."),
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Write the report of a tenant, or of all together, as files. The default is the month before this one.

    The files are in `reports/<tenant>/<period>` of the data directory, with a manifest that has a digest of each.
    A report that is there keeps its other formats: they are written again, so that all say the same.

    Example: `usage-pipeline report --tenant acme --month 2026-02 --format pdf,csv`

    Example: `usage-pipeline report --tenant acme --from 2026-02-01 --to 2026-02-14 --project blog --out blog`
    """
    settings = reading_settings(data_dir)

    from usage_pipeline.reports.asking import expect_known
    from usage_pipeline.reports.batch import Batch
    from usage_pipeline.reports.formats.registry import report_formats
    from usage_pipeline.reports.scope import ReportScope, report_filters
    from usage_pipeline.storage.opened import open_storage

    chosen = report_formats(words(formats))
    if texts and (out is None or "runs" not in chosen):
        raise QueryError("Texts are only for --format runs, and only with --out: they have a term of their own.")
    filters = report_filters(_values([*(where or []), *(f"project={name}" for name in project or [])]))
    period = _period(settings, first, last, month)
    with open_storage(settings) as storage:
        expect_known(storage, ReportScope(period, tenant, filters))
        batch = Batch(storage, period, filters, () if tenant is None else (tenant,))
        folder, files, notes = _write(batch, chosen, out, words(texts))
    for note in notes:
        warn(note)
    say(f"{count(len(files), 'file')} in {folder}:", *(f"  {name}" for name in files))


def _write(
    batch: "Batch", formats: tuple[str, ...], out: Path | None, texts: tuple[str, ...]
) -> tuple[Path, tuple[str, ...], tuple[str, ...]]:
    """Write the one report of a batch; return the folder, the files, and what has to be known of the numbers."""
    from usage_pipeline.reports.building import build_reports
    from usage_pipeline.reports.formats.registry import EXPORTS, Export
    from usage_pipeline.reports.runs.export import write_runs
    from usage_pipeline.reports.writing import expect_free, write_files, write_reports

    if out is not None:
        expect_free(batch.storage.settings, out, batch.scope(batch.subjects[0]))
        (report_,) = build_reports(batch)
        exports: dict[str, Export] = {**EXPORTS, "runs": partial(write_runs, texts=texts)}
        return out, tuple(write_files(batch.storage, report_, formats, out, exports)), report_.notes
    (written,) = write_reports(batch, formats)
    return batch.storage.settings.data_dir / written.folder, tuple(written.files), written.report.notes


def _period(settings: "Settings", first: date | None, last: date | None, month: date | None) -> "ReportPeriod":
    from usage_pipeline.billing.calendar import month_after, month_before
    from usage_pipeline.reports.scope import report_period

    if month and (first or last):
        raise QueryError("Name either --month, or --from and --to.")
    if bool(first) != bool(last):
        raise QueryError("Name both --from and --to, or --month.")
    if first and last:
        return report_period(first, last, settings.clock)
    begin = month or month_before(settings.clock.today)
    end = min(month_after(begin) - timedelta(days=1), max(begin, settings.clock.today))
    return report_period(begin, end, settings.clock)


def _values(conditions: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of each dimension."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in map(condition, conditions):
        found[name] = (*found.get(name, ()), value)
    return found
