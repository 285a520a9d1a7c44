"""Reads the three series of a tenant. Exact integers; a missing day is null, not zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, select

from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

conversation_series = warehouse_table(CONVERSATION_SERIES.spec)
message_series = warehouse_table(MESSAGE_SERIES.spec)
token_series = warehouse_table(TOKEN_SERIES.spec)

_SERIES = {"tokens": token_series, "conversations": conversation_series, "messages": message_series}


@dataclass(frozen=True)
class SeriesDay:
    """One day of a tenant's three series; all null on a missing day."""

    day: date
    tokens: int | None
    conversations: int | None
    messages: int | None

    @property
    def milliseconds(self) -> int:
        """UTC midnight, in milliseconds since 1970."""
        return int(datetime.combine(self.day, time(), UTC).timestamp()) * 1000


def read_series(storage: Storage, tenant_id: str, first: date, last: date) -> list[SeriesDay]:
    """A tenant's three series from first to last, both included, a point for every day."""
    with storage.warehouse.connect() as connection:
        statuses = DayReader(storage, connection).read(first, last)
        totals = {name: _totals(connection, name, tenant_id, first, last) for name in _SERIES}

    def value(name: str, day: date, status: DayStatus) -> int | None:
        return None if status is DayStatus.MISSING else totals[name].get(day, 0)

    return [
        SeriesDay(entry.day, **{name: value(name, entry.day, entry.status) for name in _SERIES})
        for entry in statuses
    ]


def series_points(days: Sequence[SeriesDay]) -> dict[str, list[dict[str, int | None]]]:
    """The three series as parallel lists of `{date: midnight UTC in ms, total}`."""
    return {
        name: [{"date": entry.milliseconds, "total": getattr(entry, name)} for entry in days] for name in _SERIES
    }


def known_tenants(connection: Connection) -> list[str]:
    """All tenants that the series know."""
    return list(connection.execute(select(token_series.c.tenant_id).distinct().order_by("tenant_id")).scalars())


def _totals(connection: Connection, name: str, tenant_id: str, first: date, last: date) -> Mapping[date, int]:
    table = _SERIES[name]
    query = select(table.c.day, table.c.total).where(
        table.c.tenant_id == tenant_id, table.c.day.between(first, last)
    )
    return {row.day: row.total for row in connection.execute(query)}
