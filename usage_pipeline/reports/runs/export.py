"""Writes `runs.jsonl` and `runs.csv`: the history of agent runs of a report, one SELECT over the records.

A run is in the export of the day on which it ended, and in that of its start only as long as no end has landed:
exports of days side by side have each run once. Records that are pruned are in none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import days_between
from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.rates import Rates
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits import rate_store
from usage_pipeline.credits.charges import CreditCharges
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.errors import QueryError
from usage_pipeline.events.record import CONTENT
from usage_pipeline.metrics.answers import known_days, statuses_of
from usage_pipeline.metrics.rollups import damage_named, scan
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import NONE
from usage_pipeline.reports.formats.copying import MICROSECONDS, copy_csv, copy_json_lines
from usage_pipeline.reports.runs.columns import RESOURCES, RUN_TEXTS, WHOSE
from usage_pipeline.reports.scope import Filters, ReportScope
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.daily import Derived, Input, ReferenceRows, SqlFile
from usage_pipeline.storage.engine import literal, parquet_scan, session, undisturbed
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.landed_rows import day_list
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants, first_kept_days
from usage_pipeline.words import count

RUN, STARTED = "agent_run", "agent_run_started"


@undisturbed
def write_runs(storage: Storage, scope: ReportScope, folder: Path, texts: Sequence[str] = ()) -> None:
    """Write the two files into the folder, with these texts of the runs: some of `RUN_TEXTS`.

    A text that is pruned, or that the log does not have, is null. Raises QueryError for another text, and
    PartitionError where the rows of a computed day are gone.
    """
    for name in texts:
        if name not in RUN_TEXTS:
            raise QueryError(f"Runs have no text {name!r}; expected some of {', '.join(RUN_TEXTS)}.")
    days = known_days(statuses_of(storage, scope.period.each_day))
    with storage.warehouse.connect() as connection, session(storage.engine) as duck, damage_named():
        _Inputs(storage, connection, duck, scope, days).register(texts)
        select = _passing(runs_select(tuple(texts)).text, scope.filters)
        copy_json_lines(duck, select, folder / "runs.jsonl", MICROSECONDS)
        copy_csv(duck, select, folder / "runs.csv", MICROSECONDS)


def runs_select(texts: tuple[str, ...]) -> SqlFile:
    """Return the SELECT of the runs, with these texts."""
    reported = ("reported_cost", "currency", "reported_credits", "error_code")
    return SqlFile.beside(__file__, "runs", whose=WHOSE, resources=RESOURCES, reported=reported, texts=texts)


def notes_on_runs(storage: Storage, scope: ReportScope) -> tuple[str, ...]:
    """Return what has to be known of the runs of a report: from when on there are any."""
    with storage.warehouse.connect() as connection:
        found = first_kept_days(connection, scope.period.first)
    if scope.tenant_id is not None:
        found = {tenant: day for tenant, day in found.items() if tenant == scope.tenant_id}
    if not found:
        return ()
    whose = scope.tenant_id or count(len(found), "tenant")
    until = max(found.values()) - timedelta(days=1)
    return (f"Runs of {whose} are pruned, up to {until} at the latest. They are not in the run history.",)


def _passing(select: str, filters: Filters) -> str:
    """Return the SELECT of the runs that pass the filters."""
    tests = [f"coalesce(\"{name}\", '{NONE}') IN ({', '.join(map(literal, values))})" for name, values in filters]
    return f"SELECT * FROM ({select}) AS runs WHERE {' AND '.join(tests)}" if tests else select


@dataclass(frozen=True)
class _Inputs:
    """Makes readable what the SELECT of runs reads."""

    storage: Storage
    connection: Connection
    duck: DuckDBPyConnection
    scope: ReportScope
    days: list[date]

    def register(self, texts: Sequence[str]) -> None:
        """Make it readable; nothing but runs of the tenant is read of records."""
        first, today = self.scope.period.first, self.storage.settings.clock.today
        earliest = first - timedelta(days=self.storage.settings.lookback_days)
        pruned = PrunedTenants.on(self.connection, self.duck, [earliest])
        self._view("event_days", f"SELECT unnest({_days(self.days)}) AS event_day")
        self._view("ends", self._records(pruned, self.days, [RUN]))
        self._view("starts", self._records(pruned, days_between(earliest, self.scope.period.last), [STARTED]))
        known = self._records(pruned, days_between(first, max(today, first)), [RUN])
        self._view("known_ends", f"SELECT DISTINCT tenant_id, source, record_id FROM ({known})")
        self._register_ratings()
        if texts:
            self._view("texts", self._texts())

    def _records(self, pruned: PrunedTenants, days: Collection[date], types: Sequence[str]) -> str:
        """Return the SELECT of the records of these types that are not pruned, with their days."""
        tests = f"type IN ({', '.join(map(literal, types))})"
        if self.scope.tenant_id is not None:
            tests += f" AND tenant_id = {literal(self.scope.tenant_id)}"
        rows = scan(self.storage, USAGE_RECORDS.spec, days)
        found = f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM ({rows}) WHERE {tests})"
        return f"FROM {pruned.kept(found)}"

    def _register_ratings(self) -> None:
        """Make costs and credits of the runs readable, of days that are rated."""
        priced = book_store.pinned(self.connection, self.days)
        rated = sorted(priced.keys() & rate_store.pinned(self.connection, self.days).keys())
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
