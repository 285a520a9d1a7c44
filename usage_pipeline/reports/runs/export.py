"""Writes `runs.jsonl` and `runs.csv`: the history of agent runs of a report, one SELECT over the records.

A run is in the export of the day on which it ended, and in that of its start only as long as no end has landed:
exports of days side by side have each run once. Records that are pruned are in none.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.answers import known_days, statuses_of
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.reports.formats.copying import MICROSECONDS, copy_csv, copy_json_lines
from usage_pipeline.reports.runs.columns import RUN_TEXTS
from usage_pipeline.reports.runs.inputs import RunInputs, passing, runs_select
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.engine import damage_named, session, undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import first_kept_days
from usage_pipeline.words import count


@undisturbed
def write_runs(storage: Storage, scope: ReportScope, folder: Path, texts: Sequence[str] = ()) -> None:
    """Write the two files into the folder, with these texts of the runs: some of `RUN_TEXTS`.

    A text that is pruned, or that the log does not have, is null. Raises QueryError for another text, and
    PartitionError where the rows of a computed day are gone.
    """
    for name in texts:
        if name not in RUN_TEXTS:
            raise QueryError(f"Runs have no text {name!r}; expected some of {', '.join(RUN_TEXTS)}.")
    days = known_days(statuses_of(storage, scope.period.each_day, USAGE_RECORDS.name))
    with storage.warehouse.connect() as connection, session(storage.engine) as duck, damage_named():
        RunInputs(storage, connection, duck, scope.tenant_id).register(days, texts)
        select = passing(runs_select(tuple(texts)).text, scope.filters)
        copy_json_lines(duck, select, folder / "runs.jsonl", MICROSECONDS)
        copy_csv(duck, select, folder / "runs.csv", MICROSECONDS)


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
