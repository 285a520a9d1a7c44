"""Dagster's event log, with what a run plans written together, and a data version for each partition.

Dagster plans an event for each asset and day of a run. dagster-postgres writes materializations in one statement,
but these one by one, each in two transactions: of a year of small days that is more than their computation. Of a
check it keeps a row per day as well, each with all days of the run in it; but a check is evaluated once per run.

A run gives one data version to all of its partitions (dagster-io/dagster#34013). Here each has its output digest
instead, so that the UI shows a day as stale when the same day of an upstream table has changed.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster_postgres import PostgresEventLogStorage

from usage_pipeline.orchestration.dagster_internals import (
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    AssetCheckEvaluationPlanned,
)
from usage_pipeline.orchestration.metadata import OUTPUT_DIGEST


class BatchedEventLog(PostgresEventLogStorage):
    """Writes what a run plans for assets in one statement, plans each check once, and keeps data versions."""

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store one event. Raises nothing of its own."""
        super().store_event(_with_data_version(event))

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run. Raises nothing of its own."""
        planned = [event for event in events if event.get_dagster_event().is_asset_materialization_planned]
        others = [event for event in events if not event.get_dagster_event().is_asset_materialization_planned]
        if planned:
            self._store_planned(planned)
        if others:
            super().store_event_batch([_with_data_version(_of_the_run(event)) for event in others])

    def _store_planned(self, events: Sequence[dg.EventLogEntry]) -> None:
        insert = self.prepare_insert_event_batch(events)
        insert = insert.returning(insert.table.c.id)
        with self._connect() as connection:
            ids = [row[0] for row in connection.execute(insert).fetchall()]
        with self.index_transaction() as connection:
            for event, event_id in _latest_of_each_asset(events, ids):
                self._store_asset_event(connection, event, event_id)


def _latest_of_each_asset(
    events: Sequence[dg.EventLogEntry], ids: Sequence[int]
) -> Iterator[tuple[dg.EventLogEntry, int]]:
    """What the table of assets keeps: the last event of each, in the order in which assets are locked."""
    latest = {
        event.get_dagster_event().asset_key: (event, found) for event, found in zip(events, ids, strict=True)
    }
    return (latest[key] for key in sorted(latest, key=str))


def _of_the_run(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event; one that plans a check for each day plans it for the run."""
    told = event.get_dagster_event()
    planned = told.event_specific_data
    if not isinstance(planned, AssetCheckEvaluationPlanned) or planned.partitions_subset is None:
        return event
    once = AssetCheckEvaluationPlanned(
        asset_key=planned.asset_key, check_name=planned.check_name, partitions_subset=None
    )
    return event._replace(dagster_event=told._replace(event_specific_data=once))


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
