"""Reads pages of the history of agent runs, the newest first, and single runs with their texts.

A run is on the day on which it ended; one that has not is on the day on which it started. Runs of a day that is
not over are there as soon as they are records.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from usage_pipeline.clock import days_between
from usage_pipeline.listing.cursors import read_cursor, write_cursor
from usage_pipeline.reports.runs.inputs import RUN, STARTED, RunInputs, passing, runs_select
from usage_pipeline.reports.runs.places import MOMENT, ORDER, Place
from usage_pipeline.reports.scope import Filters
from usage_pipeline.storage.engine import damage_named, named_rows, session, undisturbed
from usage_pipeline.storage.opened import Storage

Run = dict[str, Any]
"""A run by the names of `RUN_COLUMNS`, and its texts if they were asked for. Times are UTC."""


@dataclass(frozen=True)
class RunsQuery:
    """Runs of days from first to last, both included; of one tenant or of all, and perhaps with one id only."""

    first: date
    last: date
    tenant_id: str | None = None
    filters: Filters = ()
    run_id: str | None = None
    texts: tuple[str, ...] = ()
    """Some of `RUN_TEXTS`. One that is pruned, or that the log does not have, is None."""
    named_days: tuple[date | None, date | None] = (None, None)
    """The days that the caller named. The others move at midnight, and a list goes on all the same."""

    @property
    def key(self) -> str:
        """What the list is known by, whatever the order in which its filters and their values are named."""
        filters = sorted((name, sorted(set(values))) for name, values in self.filters)
        return json.dumps(["runs", self.tenant_id, filters, self.run_id, *map(str, self.named_days)])


@dataclass(frozen=True)
class Page:
    """Some runs, the newest first."""

    runs: Sequence[Run]
    cursor: str | None
    """The cursor of the next page; None on the last."""


def read_runs(storage: Storage, query: RunsQuery, most: int, cursor: str | None = None) -> Page:
    """Return the first runs, at most so many, or those that a cursor leads to.

    Raises QueryError for a cursor of another list, and PartitionError where records of a computed day are gone.
    """
    after = None if cursor is None else Place(*read_cursor(storage.settings, query.key, cursor))
    runs = _find(storage, query, most + 1, after)
    last = _place(runs[most - 1]) if len(runs) > most else None
    return Page(list(map(_run, runs[:most])), last and write_cursor(storage.settings, query.key, last))


@undisturbed
def _find(storage: Storage, query: RunsQuery, most: int, after: Place | None) -> list[Run]:
    days = days_between(query.first, query.last)
    with storage.warehouse.connect() as connection, session(storage.engine) as duck, damage_named():
        inputs = RunInputs(storage, connection, duck, query.tenant_id, query.run_id)
        runs: list[Run] = []
        for chunk in _chunks(inputs, [day for day in days if after is None or str(day) <= after.day], most):
            inputs.register(chunk, query.texts)
            runs += named_rows(duck.execute(_select(query, after, most - len(runs))))
            if len(runs) == most:
                break
    return runs


def _chunks(inputs: RunInputs, days: Sequence[date], rows: int) -> Iterator[list[date]]:
    """Yield days with runs, the newest first, in chunks that have at least so many records, and ever more."""
    chunk: list[date] = []
    found = 0
    for day in reversed(days):
        of_day = sum(inputs.counts[name].get(day, 0) for name in (RUN, STARTED))
        if of_day:
            chunk, found = [day, *chunk], found + of_day
        if found >= rows:
            yield chunk
            chunk, found, rows = [], 0, 4 * rows
    if chunk:
        yield chunk


def _select(query: RunsQuery, after: Place | None, most: int) -> str:
    passed = passing(runs_select(query.texts).text, query.filters)
    behind = after.behind if after else "true"
    return f"SELECT *, {MOMENT} AS moment FROM ({passed}) AS runs WHERE {behind} ORDER BY {ORDER} LIMIT {most}"


def _place(run: Run) -> Place:
    return Place(str(run["day"]), *(run[name] for name in ("moment", "tenant_id", "source", "run_id")))


def _run(row: Run) -> Run:
    in_utc = {name: value.replace(tzinfo=UTC) for name, value in row.items() if isinstance(value, datetime)}
    return {name: value for name, value in (row | in_utc).items() if name != "moment"}
