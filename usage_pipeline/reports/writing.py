"""Writes report files. A folder with a manifest is whole: the manifest is removed first and written last."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from uuid import uuid4

from usage_pipeline.errors import QueryError
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.building import build_reports
from usage_pipeline.reports.folders import report_folder
from usage_pipeline.reports.formats.registry import EXPORTS, FORMATS, RENDERERS, Export, report_formats
from usage_pipeline.reports.manifest import MANIFEST, is_of, manifest
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.runs.export import notes_on_runs
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.reports.written import Edition, Seen, edition_of, keep, seen_now
from usage_pipeline.settings import Settings
from usage_pipeline.storage.lake import sync
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage

_WRITERS = 2


@dataclass(frozen=True)
class Written:
    """A report whose files are written."""

    report: Report
    folder: PurePath
    """Below the data directory."""
    files: Mapping[str, str]
    """The names of its files, each with its format; that of the manifest is empty."""
    edition: Edition


def write_reports(batch: Batch, formats: tuple[str, ...]) -> Iterator[Written]:
    """Write the reports of a batch into the folder `reports`, and yield each when it is written.

    A report keeps the formats that it has. Raises PartitionError if the rows of a computed day are gone.
    """
    storage = batch.storage
    seen = seen_now(storage)
    # Typst, Vega and DuckDB work outside of Python, so that two threads take little more than half of the time.
    with ThreadPoolExecutor(_WRITERS) as pool:
        yield from pool.map(lambda report: _write_report(storage, report, formats, seen), build_reports(batch))


def expect_free(settings: Settings, folder: Path, scope: ReportScope) -> None:
    """Raise QueryError if another report, or another file, would be overwritten in a folder that somebody names.

    It may hold the same report, or a part of it. The data directory is not for it: what is there belongs to the
    pipeline.
    """
    if folder.resolve().is_relative_to(settings.data_dir.resolve()):
        raise QueryError(f"{folder} is in the data directory; name another folder, or none for its own.")
    if not folder.is_dir():
        return
    unfinished = _unfinished(folder)
    holds_other = any(path not in unfinished for path in folder.iterdir())
    if holds_other and not any(is_of(place / MANIFEST, scope) for place in (folder, *unfinished)):
        raise QueryError(f"{folder} is not empty, and holds another report or other files; name another folder.")


def write_files(
    storage: Storage,
    report: Report,
    formats: tuple[str, ...],
    folder: Path,
    exports: Mapping[str, Export] = EXPORTS,
) -> Mapping[str, str]:
    """Write the files of a report and their manifest into a folder; return the format of each by its name.

    Files of other names stay. Raises OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if "runs" in formats:
        report = replace(report, notes=(*report.notes, *notes_on_runs(storage, report.scope)))
    with _staged(folder) as staging:
        of: dict[str, str] = {}
        for name in formats:
            _write_format(storage, report, name, exports, staging)
            of.update({path.name: name for path in sorted(staging.iterdir()) if path.name not in of})
        files = {name: staging / name for name in of}
        # Beside the files before they are moved: if this is killed, it says whose they are.
        (staging / MANIFEST).write_bytes(manifest(report, formats, files))
        (folder / MANIFEST).unlink(missing_ok=True)
        for name, path in files.items():
            _put(path, folder / name)
        _put(staging / MANIFEST, folder / MANIFEST)
    for path in _unfinished(folder):
        shutil.rmtree(path, ignore_errors=True)
    sync(folder)
    return {**dict(sorted(of.items())), MANIFEST: ""}


def _write_report(storage: Storage, report: Report, formats: tuple[str, ...], seen: Seen) -> Written:
    folder = report_folder(report.scope)
    clock = storage.settings.clock
    with sole_transaction(storage.warehouse, str(folder)) as connection:
        edition = edition_of(connection, report, clock)
        every = report_formats({*formats, *(name for name in edition.formats if name in FORMATS)})
        told = replace(report, facts=(*report.facts, ("Version", edition.in_words)))
        files = write_files(storage, told, every, storage.settings.data_dir / folder)
        _remove_others(storage.settings.data_dir / folder, files)
        keep(
            connection,
            report,
            edition,
            folder=str(folder),
            formats=",".join(every),
            last_change=seen.last_change,
            written_at=seen.at,
        )
    return Written(told, folder, files, edition)


def _write_format(
    storage: Storage, report: Report, name: str, exports: Mapping[str, Export], folder: Path
) -> None:
    if name in exports:
        exports[name](storage, report.scope, folder)
        return
    for file, content in RENDERERS[name](report).items():
        (folder / file).write_bytes(content)


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """Make a hidden folder within the one that its files are put into."""
    folder = target / f".{uuid4().hex}.part"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unfinished(folder: Path) -> list[Path]:
    """Return the hidden folders that killed processes have left."""
    return list(folder.glob(".*.part"))


def _put(file: Path, target: Path) -> None:
    sync(file)
    file.replace(target)


def _remove_others(folder: Path, files: Collection[str]) -> None:
    for path in folder.iterdir():
        if path.name not in files and path.is_file():
            path.unlink()
