"""Reads the credits that tenants used, added up between the boundaries of their grants."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.billing.ledger.accounts import FirstUse, TenantAccount
from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.billing.ledger.burn_down import Usage
from usage_pipeline.clock import Clock
from usage_pipeline.credits.tables import CREDIT_SECONDS
from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import execute_parsed, literal, session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.kept_rows import Made
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

_BY_DAY = Made(
    "by_day",
    lambda seconds: (
        f"SELECT day, tenant_id, CAST(sum(credits) AS DECIMAL(38, 12)) AS credits FROM {seconds} GROUP BY ALL"
    ),
    share=20,
)
"""Most days lie between two boundaries: a server keeps their sums, and reads the seconds of others alone."""


@dataclass(frozen=True)
class CreditSeconds:
    """A session in DuckDB in which `credit_days` has the credits of all days, and the days that were computed."""

    duck: DuckDBPyConnection
    days: Mapping[date, Partition]
    paths: Mapping[date, Path]
    """The objects with their seconds."""

    def first_use(self, clock: Clock) -> FirstUse:
        """Return the first day of each tenant, and the first computed day; today without any."""
        found = execute_parsed(self.duck, "SELECT tenant_id, min(day) FROM credit_days GROUP BY tenant_id")
        return FirstUse(dict(found.fetchall()), min(self.days, default=clock.today))

    def segments(
        self, accounts: Sequence[TenantAccount], until: datetime, cut: Sequence[datetime] = ()
    ) -> Iterator[tuple[TenantAccount, list[Usage]]]:
        """Yield each account with its usage before an instant, in the order of time.

        It is summed between boundaries and midnights, and between further instants at which the sums are cut.
        """
        divided = self._divided(accounts, until, cut)
        remaining = {entry.tenant_id: entry for entry in accounts}
        for tenant_id, days in groupby(self._fetched(), key=lambda row: row[0]):
            if entry := remaining.pop(tenant_id, None):
                found = [
                    used
                    for _, day, amount in days
                    for used in divided.get((tenant_id, day)) or [(midnight(day), amount)]
                ]
                yield entry, [used for used in found if used[0] < until]
        for entry in remaining.values():
            yield entry, []

    def _fetched(self) -> Iterator[tuple[str, date, Decimal]]:
        execute_parsed(self.duck, "SELECT tenant_id, day, credits FROM credit_days ORDER BY tenant_id, day")
        while rows := self.duck.fetchmany(_FETCHED):
            yield from rows

    def _divided(
        self, accounts: Sequence[TenantAccount], until: datetime, cut: Sequence[datetime]
    ) -> Mapping[tuple[str, date], list[Usage]]:
        """Return the usage of the days within which a boundary lies, by tenant and day."""
        boundaries = [
            (entry.tenant_id, at)
            for entry in accounts
            for at in {until, *cut, *(at for at in entry.account.boundaries if at < until)}
            if at != midnight(at.date()) and at.date() in self.paths
        ]
        seconds = {at.date(): self.paths[at.date()] for _, at in boundaries}
        if not seconds:
            return {}
        rows = ([tenant_id, at.replace(tzinfo=None).isoformat(sep=" ")] for tenant_id, at in boundaries)
        register_rows(self.duck, "credit_boundaries", CREDIT_BOUNDARIES, rows)
        readable = rows_of(CREDIT_SECONDS.spec, seconds)
        self.duck.execute(f'CREATE OR REPLACE TEMP VIEW "{CREDIT_SECONDS.name}" AS {readable}')
        found: defaultdict[tuple[str, date], list[Usage]] = defaultdict(list)
        for tenant_id, at, amount in execute_parsed(self.duck, CREDIT_SEGMENTS.text).fetchall():
            found[tenant_id, at.date()].append((at.replace(tzinfo=UTC), amount))
        return found


def computed_days(connection: Connection) -> dict[date, Partition]:
    """Return the days whose credits are computed, in order."""
    found = state.partitions(connection, CREDIT_SECONDS.name)
    return {day: partition for day, partition in sorted(found.items()) if partition.version}


@contextmanager
def open_credit_seconds(
    storage: Storage, days: Mapping[date, Partition], only: str | None = None
) -> Iterator[CreditSeconds]:
    """Open a session that reads these days, of one tenant or of all.

    Raises PartitionError if the credits of a day are gone.
    """
    spec = CREDIT_SECONDS.spec
    paths = {day: storage.lake.object(spec, day) for day, found in days.items() if found.rows}
    missing = [str(path) for path in paths.values() if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: {', '.join(missing)} is gone. Run `usage-pipeline run`: it computes what is missing."
        )
    with session(storage.engine) as duck:
        of_tenant = "" if only is None else f" WHERE tenant_id = {literal(only)}"
        duck.execute(f"CREATE TEMP VIEW credit_days AS FROM ({_credit_days(storage, paths)}){of_tenant}")
        yield CreditSeconds(duck, days, paths)


def _credit_days(storage: Storage, paths: Mapping[date, Path]) -> str:
    """Return the SELECT of the credits by day and tenant."""
    spec = CREDIT_SECONDS.spec
    if storage.kept and paths:
        with suppress(FileNotFoundError):  # the object of a day is being replaced
            if kept := storage.kept.select(storage.engine, spec, paths, paths.__getitem__, _BY_DAY):
                return kept
    return _BY_DAY.select(f"({rows_of(spec, paths)})")
