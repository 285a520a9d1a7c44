"""Which jobs have recovered after a run of them has failed."""

from collections.abc import Mapping
from datetime import datetime

from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import WriteState

_UNFINISHED = (WriteState.FAILED, WriteState.WRITING)


def recovered_jobs(
    storage: Storage, succeeded: Mapping[str, datetime], *, of_days: Mapping[str, bool]
) -> Mapping[str, datetime]:
    """Return the jobs that have recovered, and when, of those whose last run has succeeded.

    A job that computes days has not recovered while a day is failed or unfinished: other days succeed meanwhile,
    and each further attempt at it would raise an alert again.
    """
    if any(of_days[job] for job in succeeded) and _has_unfinished(storage):
        return {job: at for job, at in succeeded.items() if not of_days[job]}
    return succeeded


def _has_unfinished(storage: Storage) -> bool:
    names = [table.name for table in PARTITIONED_TABLES]
    with storage.warehouse.connect() as connection:
        return any(state.days_in_state(connection, names, write_state) for write_state in _UNFINISHED)
