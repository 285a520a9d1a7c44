"""A deployment with alerts on data, whose tables hold what a test writes, and short ways to read what is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from usage_pipeline.alerts.history import alerts
from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.delivery.outbox import outbox
from usage_pipeline.storage.landed_files import FileState, LandedFile, record_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline_tests.support import at, landed_file

LANDED_AT = datetime(2026, 6, 1, tzinfo=UTC)
EMPTY: Mapping[str, Any] = {
    "VARCHAR": "",
    "BIGINT": 0,
    "INTEGER": 0,
    "DATE": date(2026, 1, 1),
    "TIMESTAMPTZ": LANDED_AT,
    "BOOLEAN": False,
}


@dataclass(frozen=True)
class DataAlerts:
    """Raises alerts on a storage at any time."""

    storage: Storage

    def name(self, text: str) -> None:
        """Let this be `alerts.yaml`."""
        (self.storage.settings.reference / "alerts.yaml").write_text(text)

    def files(
        self,
        source: str,
        days: Iterable[date],
        state: FileState = FileState.LANDED,
        name: str = "a.jsonl",
        error: str | None = None,
        **counts: int,
    ) -> None:
        """Let a file of the source be known of each of these landing days."""
        found = [replace(_file(f"{source}/{day}/{name}", source, day, state, error), **counts) for day in days]
        with self.storage.warehouse.begin() as connection:
            record_files(connection, found)

    def put(self, spec: TableSpec, *rows: Mapping[str, Any]) -> None:
        """Add rows to a table of the warehouse; columns that are not named are empty."""
        empty = {
            column.name: None if column.name in spec.nullable else EMPTY.get(column.type, Decimal(0))
            for column in spec.columns
            if not (column.type == "BIGINT" and spec.key == (column.name,))
        }
        with self.storage.warehouse.begin() as connection:
            connection.execute(warehouse_table(spec).insert(), [{**empty, **row} for row in rows])

    def tick(self, now: str = "2026-06-01") -> None:
        """Raise and resolve at this time."""
        raise_alerts(at(self.storage, datetime.fromisoformat(now).replace(tzinfo=UTC)))

    def history(self, *names: str) -> list[tuple[Any, ...]]:
        """These columns of all alerts, without names the subject, episode and state."""
        columns = alerts.c
        query = select(*(columns[name] for name in names or ("subject", "episode", "state")))
        ordered = query.order_by(columns.kind, columns.tenant_id, columns.subject, columns.episode)
        with self.storage.warehouse.connect() as connection:
            return list(map(tuple, connection.execute(ordered)))

    def sent(self, *names: str) -> list[Any]:
        """This column of all messages, or these columns, in the order in which they were written."""
        columns = outbox.c
        query = select(*(columns[name] for name in names)).order_by(columns.created_at, columns.channel)
        with self.storage.warehouse.connect() as connection:
            rows = list(map(tuple, connection.execute(query)))
        return [row[0] for row in rows] if len(names) == 1 else rows


def _file(path: str, source: str, day: date, state: FileState, error: str | None) -> LandedFile:
    return landed_file(
        path,
        day,
        source=source,
        content_digest="",
        identity_digest="",
        state=state,
        error=error,
        landed_at=LANDED_AT,
    )
