"""Finds the reports that were written, and their files. What is read is what the database and a manifest name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from sqlalchemy import RowMapping, Select, select

from usage_pipeline.reports.manifest import MANIFEST
from usage_pipeline.reports.tables import REPORTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

reports = warehouse_table(REPORTS)


@dataclass(frozen=True)
class ReportFile:
    """A file of a report, as the manifest describes it."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class WrittenReport:
    """A report whose files are written."""

    name: str
    """What it is known by among those of its tenant: its period, and a digest of its filters."""
    tenant_id: str | None
    """None for all tenants together."""
    first_day: date
    last_day: date
    filters: Mapping[str, list[str]]
    version: int
    is_final: bool
    corrected: bool
    written_at: datetime
    files: tuple[ReportFile, ...]
    """None for the moment in which they are written again."""


def find_reports(storage: Storage, tenant_id: str | None, most: int) -> list[WrittenReport]:
    """Return the reports of one tenant, or all of everybody: those of the newest periods first."""
    columns = reports.c
    query = _of(tenant_id).order_by(columns.last_day.desc(), columns.first_day, columns.tenant_id, columns.filters)
    with storage.warehouse.connect() as connection:
        rows = connection.execute(query.limit(most)).mappings().all()
    return [_report(storage, row) for row in rows]


def open_report_file(storage: Storage, tenant_id: str | None, report: str, file: str) -> BinaryIO | None:
    """Open a file of a report of one tenant, or of all together; None if there is none like it."""
    with storage.warehouse.connect() as connection:
        rows = connection.execute(_of(tenant_id or "")).mappings().all()
    folders = [_folder(storage, row) for row in rows if PurePath(row["folder"]).name == report]
    if not folders or file not in {MANIFEST, *_described(folders[0])}:
        return None
    try:
        return (folders[0] / file).open("rb")
    except FileNotFoundError:
        return None


def _of(tenant_id: str | None) -> Select[*tuple[object, ...]]:
    found = select(reports)
    return found if tenant_id is None else found.where(reports.c.tenant_id == tenant_id)


def _folder(storage: Storage, row: RowMapping) -> Path:
    folder: str = row["folder"]
    return storage.settings.data_dir / folder


def _described(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return what the manifest says of each file; nothing while the files are written."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())["files"]
    except FileNotFoundError:
        return {}
    described: Mapping[str, Mapping[str, Any]] = found
    return described


def _report(storage: Storage, row: RowMapping) -> WrittenReport:
    folder = _folder(storage, row)
    return WrittenReport(
        name=folder.name,
        tenant_id=row["tenant_id"] or None,
        first_day=row["first_day"],
        last_day=row["last_day"],
        filters=json.loads(row["filters"] or "{}"),
        version=row["version"],
        is_final=row["is_final"],
        corrected=row["corrected"],
        written_at=row["written_at"].astimezone(UTC),
        files=tuple(ReportFile(name, **found) for name, found in sorted(_described(folder).items())),
    )
