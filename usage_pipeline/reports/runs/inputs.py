"""Makes readable what the SELECT of runs reads: the records of runs, how they are rated, and their texts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import days_between
from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.rates import Rates
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits import rate_store
from usage_pipeline.credits.charges import CreditCharges
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.events.record import CONTENT
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import NONE
from usage_pipeline.reports.runs.columns import RESOURCES, WHOSE
from usage_pipeline.reports.scope import Filters
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.daily import Derived, Input, ReferenceRows, SqlFile
from usage_pipeline.storage.engine import list_literal, literal, parquet_scan
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.landed_rows import day_list
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants

RUN, STARTED = "agent_run", "agent_run_started"
_STARTED_ID = "#started"
"""What the id of a record that says that a run has started ends with."""


def runs_select(texts: tuple[str, ...]) -> SqlFile:
    """Return the SELECT of the runs, with these texts."""
    reported = ("reported_cost", "currency", "reported_credits", "error_code")
    return SqlFile.beside(__file__, "runs", whose=WHOSE, resources=RESOURCES, reported=reported, texts=texts)


def passing(select: str, filters: Filters) -> str:
    """Return the SELECT of the runs that pass the filters."""
    tests = [f"coalesce(\"{name}\", '{NONE}') IN ({', '.join(map(literal, values))})" for name, values in filters]
    return f"SELECT * FROM ({select}) AS runs WHERE {' AND '.join(tests)}" if tests else select


@dataclass(frozen=True)
class RunInputs:
    """A session in which runs are read: those of one tenant or of all, and perhaps with one id only."""

    storage: Storage
    connection: Connection
    duck: DuckDBPyConnection
    tenant_id: str | None
    run_id: str | None = None

    def register(self, days: Sequence[date], texts: Sequence[str] = ()) -> None:
        """Make readable what the runs of these days are made of, which are in order."""
        today = self.storage.settings.clock.today
        first, last = (days[0], days[-1]) if days else (today, today)
        earliest = first - timedelta(days=self.storage.settings.lookback_days)
        pruned = PrunedTenants.on(self.connection, self.duck, [earliest])
        self._view("event_days", f"SELECT unnest({_days(days)}) AS event_day")
        self._view("ends", self._records(pruned, days, RUN))
        self._view("starts", self._records(pruned, days_between(earliest, last), STARTED))
        known = self._records(pruned, days_between(first, max(today, first)), RUN)
        self._view("known_ends", f"SELECT DISTINCT tenant_id, source, record_id FROM ({known})")
        self._register_ratings(days)
        if texts:
            self._view("texts", self._texts())

    @cached_property
    def counts(self) -> Mapping[str, Mapping[date, int]]:
        """How many records of runs each day has, by type: few days have any, and no other is read."""
        today = self.storage.settings.clock.today
        cube = scan(self.storage, DAILY_USAGE.spec, days_between(self.storage.settings.first_day, today))
        tests = f"type IN (SELECT unnest({list_literal([RUN, STARTED])}))"
        found: dict[str, dict[date, int]] = {RUN: {}, STARTED: {}}
        rows = self.duck.execute(
            f"SELECT type, day, CAST(sum(records) AS BIGINT) FROM ({cube}) AS cube "
            f"WHERE {tests}{self._of_tenant} GROUP BY ALL"
        )
        for name, day, records in rows.fetchall():
            found[name][day] = records
        return found

    @property
    def _of_tenant(self) -> str:
        return "" if self.tenant_id is None else f" AND tenant_id = {literal(self.tenant_id)}"

    def _records(self, pruned: PrunedTenants, days: Collection[date], of_type: str) -> str:
        """Return the SELECT of the records of this type that are not pruned, with their days."""
        tests = f"type = {literal(of_type)}{self._of_tenant}"
        if self.run_id is not None:
            tests += f" AND record_id IN ({literal(self.run_id)}, {literal(self.run_id + _STARTED_ID)})"
        rows = scan(self.storage, USAGE_RECORDS.spec, [day for day in days if day in self.counts[of_type]])
        found = f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM ({rows}) WHERE {tests})"
        return f"FROM {pruned.kept(found)}"

    def _register_ratings(self, days: Sequence[date]) -> None:
        """Make costs and credits of the runs readable, of days that are rated."""
        priced = book_store.pinned(self.connection, days)
        rated = sorted(priced.keys() & rate_store.pinned(self.connection, days).keys())
        self._view(USAGE_RECORDS.name, f"SELECT * FROM ends WHERE event_day IN (SELECT unnest({_days(rated)}))")
        for entry in dict.fromkeys((*DAILY_COSTS.inputs, *CREDIT_USAGE.inputs)):
            self._register(entry, rated)

    def _register(self, entry: Input, days: Collection[date]) -> None:
        match entry:
            case ReferenceRows():
                register_reference(entry, self.duck)
            case Derived():
                self._view(entry.name, entry.sql.text)
            case Rates() | CreditCharges():
                entry.register(self.connection, self.duck, days)

    def _texts(self) -> str:
        """Return the SELECT of the texts of the files that have the runs, as far as they are left."""
        found = self.duck.execute("SELECT landing_file FROM ends UNION SELECT landing_file FROM starts").fetchall()
        paths = {path for (path,) in found}
        files = [file for file in landed_files.files(self.connection) if file.path in paths and file.object_name]
        lake = self.storage.lake
        objects = [lake.object(CONTENT, file.landing_day, file.object_name) for file in files]
        present = [path for path in objects if lake.exists(path)]
        return f"FROM {parquet_scan(present)}" if present else CONTENT.empty_select()

    def _view(self, name: str, select: str) -> None:
        self.duck.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {select}')


def _days(days: Collection[date]) -> str:
    return f"CAST({day_list(days)} AS DATE[])"
