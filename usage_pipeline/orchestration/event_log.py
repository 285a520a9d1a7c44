"""Dagster's event log, with what a run plans written together, and a data version for each partition.

Dagster plans an event for each asset and day of a run. dagster-postgres writes materializations in one statement,
but these one by one, each in two transactions: of a year of small days that is more than their computation. So it
does with evaluations of checks. And it keeps a row for each day that a check is planned for, which stays "skipped"
where the day has nothing to compare.

A run gives one data version to all of its partitions (dagster-io/dagster#34013). Here each has its output digest
instead, so that the UI shows a day as stale when the same day of an upstream table has changed. Of a range, it
materializes every day; here those that the step has skipped stay as they were.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import ARRAY, Connection, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from usage_pipeline.orchestration.dagster_database import engine_of, found_once
from usage_pipeline.orchestration.dagster_internals import (
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    AssetCheckEvaluationPlanned,
    event_tables,
)
from usage_pipeline.orchestration.metadata import OUTPUT_DIGEST, SKIPPED

EVENTS, EXECUTIONS = event_tables()

Row = Mapping[str, object]


class BatchedEventLog(PostgresEventLogStorage):
    """Writes together what a run plans for assets, and the evaluations of its checks; keeps data versions."""

    has_table = found_once(PostgresEventLogStorage.has_table)
    has_asset_key_col = found_once(PostgresEventLogStorage.has_asset_key_col)
    _has_asset_key_col_on_connection = found_once(PostgresEventLogStorage._has_asset_key_col_on_connection)  # noqa: SLF001 - asked before each event of an asset

    def __init__(self, url: str) -> None:
        """Take the engine of this process; the tables are there."""
        super().__init__(url, should_autocreate_tables=False)
        self._engine = engine_of(url)

    def dispose(self) -> None:
        """Close the connection that the process keeps. Its other instances open another."""
        super().dispose()
        self._engine.dispose()

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store one event. Raises nothing of its own."""
        if not _is_skipped(event):
            super().store_event(_with_data_version(event))

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run. Raises nothing of its own."""
        planned, evaluated, others = _by_kind(events)
        if planned:
            self._store_planned(planned)
        if evaluated:
            self._store_evaluations(evaluated)
        made = [_with_data_version(event) for event in others if not _is_skipped(event)]
        if made:
            super().store_event_batch(made)

    def store_asset_check_event(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        """Keep the evaluation, or the plan of one; of a check that is planned for days only its evaluations."""
        planned = event.get_dagster_event().event_specific_data
        if not isinstance(planned, AssetCheckEvaluationPlanned) or planned.partitions_subset is None:
            super().store_asset_check_event(event, event_id)

    def prepare_insert_event_batch(self, events: Sequence[dg.EventLogEntry]) -> Insert:
        """Return the INSERT of these events, which Dagster executes for materializations."""
        return _insert_of(EVENTS, list(map(self._event_to_row, events)))

    def _store_planned(self, events: Sequence[dg.EventLogEntry]) -> None:
        ids = self._insert(list(map(self._event_to_row, events)))
        with self.index_transaction() as connection:
            for event, event_id in _latest_of_each_asset(events, ids):
                self._store_asset_event(connection, event, event_id)

    def _store_evaluations(self, events: Sequence[dg.EventLogEntry]) -> None:
        rows = list(map(self._event_to_row, events))
        found = [
            _execution(event, row, event_id)
            for event, row, event_id in zip(events, rows, self._insert(rows), strict=True)
        ]
        with self.index_transaction() as connection:
            _keep_newest(connection, found)

    def _insert(self, rows: Sequence[Row]) -> list[int]:
        with self._connect() as connection:
            return list(connection.scalars(_insert_of(EVENTS, rows).returning(EVENTS.c.id)))


def _insert_of(table: Table, rows: Sequence[Row]) -> Insert:
    """The INSERT of these rows, in their order, with a parameter for each column.

    With one for each value, SQLAlchemy works longer on the statement than the database on the rows.
    """
    columns = {name: ARRAY(table.c[name].type) for name in rows[0]}
    values = [bindparam(None, [row[name] for row in rows], kind) for name, kind in columns.items()]
    return insert(table).from_select(list(columns), select(*map(func.unnest, values)))


def _keep_newest(connection: Connection, found: Sequence[Row]) -> None:
    """Keep these evaluations as the newest of their checks and partitions.

    dagster-postgres writes this table for one evaluation after the other.
    """
    statement = _insert_of(EXECUTIONS, found)
    keys = [EXECUTIONS.c[name] for name in ("asset_key", "check_name", "run_id", "partition")]
    rest = {column.name: column for column in statement.excluded if column.name.startswith(("ev", "ex"))}
    # A step that is tried again evaluates the same partitions of its run again.
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def _execution(event: dg.EventLogEntry, stored: Row, event_id: int) -> Row:
    evaluation = event.get_dagster_event().asset_check_evaluation_data
    return {
        "asset_key": evaluation.asset_key.to_string(),
        "check_name": evaluation.check_name,
        "partition": evaluation.partition,
        "run_id": event.run_id,
        "execution_status": "SUCCEEDED" if evaluation.passed else "FAILED",
        "evaluation_event": stored["event"],
        "evaluation_event_timestamp": datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None),
        "evaluation_event_storage_id": event_id,
    }


def _by_kind(events: Iterable[dg.EventLogEntry]) -> tuple[list[dg.EventLogEntry], ...]:
    """Planned materializations, evaluations of checks, and the others."""
    kinds = (dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [(event, event.get_dagster_event().event_type) for event in events]
    return (
        *([event for event, kind in found if kind is wanted] for wanted in kinds),
        [event for event, kind in found if kind not in kinds],
    )


def _latest_of_each_asset(
    events: Sequence[dg.EventLogEntry], ids: Sequence[int]
) -> Iterator[tuple[dg.EventLogEntry, int]]:
    """What the table of assets keeps: the last event of each, in the order in which assets are locked."""
    latest = {
        event.get_dagster_event().asset_key: (event, found) for event, found in zip(events, ids, strict=True)
    }
    return (latest[key] for key in sorted(latest, key=str))


def _is_skipped(event: dg.EventLogEntry) -> bool:
    """Whether this is the materialization of a day of a range that the step did not make."""
    told = event.dagster_event
    if told is None or not told.is_step_materialization:
        return False
    return SKIPPED in told.step_materialization_data.materialization.metadata


def _with_data_version(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event; the data version of a materialization is its output digest, if it has one."""
    told = event.dagster_event
    if told is None or not told.is_step_materialization:
        return event
    made = told.step_materialization_data
    digest = made.materialization.metadata.get(OUTPUT_DIGEST)
    if digest is None:
        return event
    versions = {DATA_VERSION_TAG: str(digest.value), DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}
    materialization = made.materialization._replace(tags={**(made.materialization.tags or {}), **versions})
    versioned = made._replace(materialization=materialization)
    return event._replace(dagster_event=told._replace(event_specific_data=versioned))
