"""Reads the credits that tenants used, added up between the boundaries of their grants."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.billing.ledger.accounts import FirstUse, TenantAccount
from usage_pipeline.billing.ledger.burn_down import Usage
from usage_pipeline.clock import Clock
from usage_pipeline.credits.tables import CREDIT_SECONDS
from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import execute_parsed, session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.state import Partition
from usage_pipeline.storage.tables import columns

CREDIT_SEGMENTS = SqlFile.beside(__file__, "credit_segments")
CREDIT_BOUNDARIES = columns(
    ("tenant_id", "VARCHAR", "Tenant."),
    ("boundary", "TIMESTAMP", "An instant at which something of its account begins or ends, UTC."),
)
_FETCHED = 10_000


@dataclass(frozen=True)
class CreditSeconds:
    """A session in DuckDB in which the credits of all days can be read, and the days that were computed."""

    duck: DuckDBPyConnection
    days: Mapping[date, Partition]

    def first_use(self, clock: Clock) -> FirstUse:
        """Return the first day of each tenant, and the first computed day; today without any."""
        found = self.duck.execute(f"SELECT tenant_id, min(day) FROM {CREDIT_SECONDS.name} GROUP BY tenant_id")
        return FirstUse(dict(found.fetchall()), min(self.days, default=clock.today))

    def segments(
        self, accounts: Sequence[TenantAccount], until: datetime, cut: Sequence[datetime] = ()
    ) -> Iterator[tuple[TenantAccount, list[Usage]]]:
        """Yield each account with its usage before an instant, in the order of time.

        It is summed between boundaries, and between further instants at which the sums are cut.
        """
        rows = ([entry.tenant_id, at] for entry in accounts for at in _boundaries(entry, until, cut))
        register_rows(self.duck, "credit_boundaries", CREDIT_BOUNDARIES, rows)
        execute_parsed(self.duck, CREDIT_SEGMENTS.text)
        by_tenant = groupby(self._fetched(), key=lambda row: row[0])
        remaining = {entry.tenant_id: entry for entry in accounts}
        for tenant_id, found in by_tenant:
            usage = [(at.replace(tzinfo=UTC), amount) for _, at, amount in found]
            yield remaining.pop(tenant_id), [used for used in usage if used[0] < until]
        for entry in remaining.values():
            yield entry, []

    def _fetched(self) -> Iterator[tuple[str, datetime, Decimal]]:
        while rows := self.duck.fetchmany(_FETCHED):
            yield from rows


def computed_days(connection: Connection) -> dict[date, Partition]:
    """Return the days whose credits are computed, in order."""
    found = state.partitions(connection, CREDIT_SECONDS.name)
    return {day: partition for day, partition in sorted(found.items()) if partition.version}


@contextmanager
def open_credit_seconds(storage: Storage, days: Mapping[date, Partition]) -> Iterator[CreditSeconds]:
    """Open a session that reads these days. Raises PartitionError if the credits of one are gone."""
    spec = CREDIT_SECONDS.spec
    paths = {day: storage.lake.object(spec, day) for day, found in days.items() if found.rows}
    missing = [str(path) for path in paths.values() if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: {', '.join(missing)} is gone. Run `usage-pipeline run`: it computes what is missing."
        )
    with session(storage.engine) as duck:
        duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {rows_of(spec, paths)}')
        yield CreditSeconds(duck, days)


def _boundaries(entry: TenantAccount, until: datetime, cut: Sequence[datetime]) -> Iterator[str]:
    for boundary in {until, *cut, *(at for at in entry.account.boundaries if at < until)}:
        yield boundary.replace(tzinfo=None).isoformat(sep=" ")
