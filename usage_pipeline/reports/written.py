"""The reports that were written: what `usage.reports` knows of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.clock import Clock
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.scope import Filters, ReportScope
from usage_pipeline.reports.tables import REPORTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.versions import keep_changes_out

reports = warehouse_table(REPORTS)


@dataclass(frozen=True)
class Edition:
    """What a report is, compared with what it was when it was written before."""

    version: int
    is_final: bool
    """All days of the period are final."""
    corrected: bool
    """What an earlier, final version said has changed."""
    formats: tuple[str, ...]
    """Those that it had."""

    @property
    def in_words(self) -> str:
        """`2, final, corrected`."""
        state = "final" if self.is_final else "provisional"
        return ", ".join([str(self.version), state, *(["corrected"] if self.corrected else [])])


def edition_of(connection: Connection, report: Report, clock: Clock) -> Edition:
    """Return what a report is, by what `reports` has of it."""
    is_final = report.scope.period.last <= clock.last_final_day
    known = connection.execute(select(reports).where(*_is(report.scope))).mappings().one_or_none()
    if known is None:
        return Edition(1, is_final, corrected=False, formats=())
    has_changed = known["data_version"] != report.data_version
    return Edition(
        version=known["version"] + has_changed,
        is_final=is_final,
        corrected=known["corrected"] or (has_changed and known["is_final"]),
        formats=tuple(known["formats"].split(",")),
    )


@dataclass(frozen=True)
class Seen:
    """What was known of published numbers before a report was read: what comes later is not in it for sure."""

    last_change: int
    """The id of the last change."""
    at: datetime


def seen_now(storage: Storage) -> Seen:
    """Return what is known now. Every later change has a later id, and a time that is not earlier."""
    with storage.warehouse.begin() as connection:
        keep_changes_out(connection)
        last = connection.execute(select(func.coalesce(func.max(usage_versions.c.id), 0))).scalar_one()
        return Seen(last, storage.settings.clock.now)


def keep(connection: Connection, report: Report, edition: Edition, **values: object) -> None:
    """Write the row of a report; `values` are its folder, its formats, and what was seen when it was read."""
    scope = report.scope
    row = {
        "tenant_id": scope.tenant_id or "",
        "first_day": scope.period.first,
        "last_day": scope.period.last,
        "filters": filters_text(scope.filters),
        "data_version": report.data_version,
        "version": edition.version,
        "is_final": edition.is_final,
        "corrected": edition.corrected,
        **values,
    }
    statement = insert(reports).values(row)
    changed = {name: value for name, value in row.items() if name not in REPORTS.key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(REPORTS.key), set_=changed))


def outdate_all_together(connection: Connection) -> None:
    """Let reports on all tenants together be written again, as corrections: an erasure removes their files."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    outdated = {"data_version": "", "last_change": -1, "written_at": long_ago}
    connection.execute(reports.update().where(reports.c.tenant_id == "").values(outdated))


def _is(scope: ReportScope) -> tuple[ColumnElement[bool], ...]:
    columns = reports.c
    return (
        columns.tenant_id == (scope.tenant_id or ""),
        columns.first_day == scope.period.first,
        columns.last_day == scope.period.last,
        columns.filters == filters_text(scope.filters),
    )


def filters_text(filters: Filters) -> str:
    """Return filters as `reports` has them: as JSON, empty without any."""
    return json.dumps(dict(filters)) if filters else ""
