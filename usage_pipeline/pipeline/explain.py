"""Says of one record id where it came from, what became of each of its lines, and what it counted as."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from usage_pipeline.costs.record_costs import ClassCost, cost_of_record
from usage_pipeline.errors import QueryError
from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.record import LANDED_EVENTS, RECORD_NAMES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.registry import RECORD_METRIC_NAMES
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.inputs import register_derived, register_reference
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage

COUNTED = "counted"


@dataclass(frozen=True)
class ExplainedLine:
    """One landed line with the id that was asked for."""

    tenant_id: str
    source: str
    record_id: str
    event_day: date
    landing_file: str
    landing_line: int
    type: str
    occurred_at: datetime
    verdict: str
    """`counted`, a verdict of `excluded_events`, or `not counted` and why: the state of its file or of its day."""
    decided_by: str | None
    """File and line that decided it, of a line that is excluded."""
    metrics: Mapping[str, int]
    """What it counted as: the metrics that are not zero."""
    costs: tuple[ClassCost, ...]
    """What it cost, by class; nothing where it did not count, or its day was not rated yet."""
    record: Mapping[str, object]
    """The record's columns that have a value."""


def explain(
    storage: Storage, record_id: str, tenant: str | None = None, source: str | None = None
) -> list[ExplainedLine]:
    """Every landed line with this id, in landing order. Raises QueryError when there is none."""
    with storage.warehouse.connect() as connection:
        known = {file.path: file for file in landed_files.files(connection) if file.object_name and file.accepted}
    objects = [storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name) for file in known.values()]
    present = [path for path in objects if storage.lake.exists(path)]
    with session(storage.engine) as duck:
        rows = f"FROM {parquet_scan(present)}" if present else LANDED_EVENTS.empty_select()
        duck.execute(
            f"CREATE TEMP TABLE found AS FROM ({rows}) WHERE record_id = $record_id "
            "AND ($tenant IS NULL OR tenant_id = $tenant) AND ($source IS NULL OR source = $source)",
            {"record_id": record_id, "tenant": tenant, "source": source},
        )
        days = {row[0] for row in duck.execute("SELECT DISTINCT event_day FROM found").fetchall()}
        _register_excluded_events(storage, duck, days)
        register_reference(event_types(), duck)
        with storage.warehouse.connect() as connection:
            stale = stale_days(storage, connection, [USAGE_RECORDS], days)[USAGE_RECORDS.name]
        lines = [_explained(storage, duck, known, stale, row) for row in duck.execute(_LINES).fetchall()]
    if not lines:
        raise QueryError(
            f"No accepted line has the record id {record_id!r}; `usage-pipeline rejects` has the others."
        )
    return lines


_FACTS = (
    *("tenant_id", "source", "record_id", "event_day", "landing_file", "landing_line", "type", "occurred_at"),
    *("verdict", "decided_by"),
)
_LINES = """
SELECT
    found.tenant_id, found.source, found.record_id, found.event_day, found.landing_file, found.landing_line,
    found.type, found.occurred_at, excluded_events.verdict,
    excluded_events.decided_by_file || ':' || excluded_events.decided_by_line AS decided_by
FROM found
LEFT JOIN excluded_events
    ON excluded_events.landing_file = found.landing_file AND excluded_events.landing_line = found.landing_line
ORDER BY found.landing_day, found.landing_file, found.landing_line
"""


def _register_excluded_events(storage: Storage, duck: DuckDBPyConnection, days: Collection[date]) -> None:
    objects = storage.lake.days(EXCLUDED_EVENTS.spec)
    paths = [objects[day] for day in sorted(objects.keys() & days)]
    source = f"FROM {parquet_scan(paths)}" if paths else EXCLUDED_EVENTS.spec.empty_select()
    duck.execute(f"CREATE TEMP VIEW excluded_events AS {source}")


def _explained(
    storage: Storage,
    duck: DuckDBPyConnection,
    known: Mapping[str, LandedFile],
    stale: Collection[date],
    row: tuple[Any, ...],
) -> ExplainedLine:
    facts = dict(zip(_FACTS, row, strict=True))
    file = known[facts["landing_file"]]
    if file.state is not FileState.LANDED:
        facts |= {"verdict": f"not counted: its file is {file.state}", "decided_by": None}
    elif facts["event_day"] in stale:
        facts |= {"verdict": "not counted yet: its day is to be computed", "decided_by": None}
    metrics = _metrics(duck, file.path, facts["landing_line"]) if not facts["verdict"] else {}
    return ExplainedLine(
        **{**facts, "verdict": facts["verdict"] or COUNTED},
        metrics=metrics,
        costs=_costs(storage, duck, facts["event_day"]) if not facts["verdict"] else (),
        record=_record(duck, file.path, facts["landing_line"]),
    )


def _record(duck: DuckDBPyConnection, path: str, line: int) -> Mapping[str, object]:
    selected = ", ".join(f'"{name}"' for name in RECORD_NAMES)
    where = f"landing_file = {literal(path)} AND landing_line = {line}"
    row = duck.execute(f"SELECT {selected} FROM found WHERE {where}").fetchall()[0]
    return {name: value for name, value in zip(RECORD_NAMES, row, strict=True) if value is not None}


def _metrics(duck: DuckDBPyConnection, path: str, line: int) -> Mapping[str, int]:
    """What the cube makes of this one record: the cube's own SELECT, over a table that holds nothing else."""
    duck.execute(
        "CREATE OR REPLACE TEMP VIEW usage_records AS FROM found "
        f"WHERE landing_file = {literal(path)} AND landing_line = {line}"
    )
    register_derived(DAILY_USAGE.inputs, duck)
    names = ", ".join(RECORD_METRIC_NAMES)
    values = duck.execute(f"SELECT {names} FROM ({DAILY_USAGE.sql.text})").fetchall()[0]
    return {name: value for name, value in zip(RECORD_METRIC_NAMES, values, strict=True) if value}


def _costs(storage: Storage, duck: DuckDBPyConnection, day: date) -> tuple[ClassCost, ...]:
    """The same of the cube of costs, over the views that `_metrics` made."""
    with storage.warehouse.connect() as connection:
        return cost_of_record(connection, duck, day)
