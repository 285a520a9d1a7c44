"""Dagster's event log, with what a run plans written together.

Dagster plans an event for each asset and day of a run. dagster-postgres writes materializations in one statement,
but these one by one, each in two transactions: of a year of small days that is more than their computation. Of a
check it keeps a row per day as well, each with all days of the run in it; but a check is evaluated once per run.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster_postgres import PostgresEventLogStorage

from usage_pipeline.orchestration.dagster_internals import AssetCheckEvaluationPlanned


class BatchedEventLog(PostgresEventLogStorage):
    """Writes what a run plans for assets in one statement, and plans each check once."""

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run. Raises nothing of its own."""
        planned = [event for event in events if event.get_dagster_event().is_asset_materialization_planned]
        others = [event for event in events if not event.get_dagster_event().is_asset_materialization_planned]
        if planned:
            self._store_planned(planned)
        if others:
            super().store_event_batch([_of_the_run(event) for event in others])

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
