"""Explains a record id: its landed lines, which of them counts and why, its metrics, costs and credits."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from usage_pipeline.billing.ledger.balance import Payment, read_payments
from usage_pipeline.costs.record_costs import ClassCost, cost_of_record
from usage_pipeline.credits.record_credits import RecordCredits, credits_of_record
from usage_pipeline.errors import QueryError
from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.record import LANDED_EVENTS, RECORD_NAMES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.registry import RECORD_METRIC_NAMES
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.engine import literal, named_rows, parquet_scan, session
from usage_pipeline.storage.inputs import register_derived, register_reference, rows_of
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants

if TYPE_CHECKING:
    from usage_pipeline.events.landing.set_aside import SetAside

COUNTED = "counted"
_FOLDERS = 2
"""Folders of a landing file, at least: its source and its landing day."""


@dataclass(frozen=True)
class ExplainedLine:
    """A landed line with the record id, or at the place. A skipped line need have no tenant, id, type and time."""

    tenant_id: str | None
    source: str
    record_id: str | None
    event_day: date | None
    landing_file: str
    landing_line: int
    landing_event: int
    type: str | None
    occurred_at: datetime | None
    verdict: str
    """`counted`, a verdict of `excluded_events`, `superseded`, `skipped`, or `not counted` with the state of its
    file or its day."""
    decided_by: str | None
    """What it lost to, as FILE:LINE, or as FILE:LINE:EVENT where lines hold several; or the test that skips it."""
    metrics: Mapping[str, int]
    """The metrics that are not zero; empty if it does not count."""
    costs: tuple[ClassCost, ...]
    """By token class; empty if it does not count or its day is not rated yet."""
    credits: RecordCredits | None
    """Null if it does not count, is no operation, or its day is not rated yet."""
    paid_by: tuple[Payment, ...]
    """What paid for the tenant's usage in its second: grants, and overage without one. Empty without credits."""
    record: Mapping[str, object]
    """The columns that have a value."""


def explain(
    storage: Storage, record_id: str, tenant: str | None = None, source: str | None = None
) -> list[ExplainedLine]:
    """Return all landed lines with this id, or the line at this place, in landing order.

    Lines that are skipped or superseded are found by their place only, and as long as their file is there.

    Raises QueryError if there is none.
    """
    with storage.warehouse.connect() as connection:
        files = {file.path: file for file in landed_files.files(connection) if file.object_name}
    known = {path: file for path, file in files.items() if file.accepted}
    objects = [storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name) for file in known.values()]
    present = [path for path in objects if storage.lake.exists(path)]
    with session(storage.engine) as duck:
        rows = f"FROM {parquet_scan(present)}" if present else LANDED_EVENTS.empty_select()
        condition, values = _asked(record_id, known)
        with storage.warehouse.connect() as connection:
            pruned = PrunedTenants.on(connection, duck, [date.min])
        duck.execute(
            f"CREATE TEMP TABLE found AS FROM {pruned.kept(f'({rows})')} WHERE {condition} "
            "AND ($tenant IS NULL OR tenant_id = $tenant) AND ($source IS NULL OR source = $source)",
            {**values, "tenant": tenant, "source": source},
        )
        days = {row[0] for row in duck.execute("SELECT DISTINCT event_day FROM found").fetchall()}
        excluded = storage.lake.days(EXCLUDED_EVENTS.spec)
        rows = rows_of(EXCLUDED_EVENTS.spec, {day: excluded[day] for day in excluded.keys() & days})
        duck.execute(f"CREATE TEMP VIEW excluded_events AS {rows}")
        register_reference(event_types(), duck)
        with storage.warehouse.connect() as connection:
            stale = set().union(*stale_days(storage, connection, [EXCLUDED_EVENTS, USAGE_RECORDS], days).values())
        landed = named_rows(duck.execute(_LINES))
        lines = [_explained(storage, duck, known, stale, facts) for facts in landed]
    if set_aside := _set_aside(storage, files, record_id, lines):
        kept = [line for line in set_aside if not _is_pruned(pruned, line)]
        lines = sorted([*lines, *kept], key=attrgetter("landing_event"))
    if not lines:
        raise QueryError(
            _not_found(record_id, files, {"tenant": tenant, "source": source}) + _pruned(pruned, tenant)
        )
    return lines


def _not_found(text: str, known: Mapping[str, LandedFile], narrowed: Mapping[str, str | None]) -> str:
    place = _NUMBERED.fullmatch(text)
    if place and place["path"] in known:
        path, event = place["path"], f"event {place['event']} of " if place["event"] else ""
        asked, pruned = f"{event}line {place['line']}", known[path].accepted_pruned
        others = f" apart from the {pruned:,} whose records are pruned" if pruned else ""
        rejects = f"`usage-pipeline rejects --file {path}` has its rejected lines"
        return f"{path} has no accepted {asked}{others}; {rejects}."
    if place and place["path"].count("/") >= _FOLDERS:
        return f"No landing file {place['path']!r} is known; `usage-pipeline files` lists all."
    of = " and ".join(f"{name} {value!r}" for name, value in narrowed.items() if value is not None)
    only = f" Only lines of {of} were looked at." if of else ""
    return f"No accepted line has the record id {text!r}; `usage-pipeline rejects` has the others.{only}"


def _pruned(pruned: PrunedTenants, tenant: str | None) -> str:
    days = [day for name, day in pruned.first_kept.items() if tenant in {None, name}]
    return f" Records before {max(days)} are pruned, of the tenants whose plan says so." if days else ""


def _is_pruned(pruned: PrunedTenants, line: ExplainedLine) -> bool:
    first_kept = pruned.first_kept.get(line.tenant_id or "")
    return first_kept is not None and line.event_day is not None and line.event_day < first_kept


def _asked(text: str, known: Collection[str]) -> tuple[str, dict[str, object]]:
    """Return the condition on a line, and its parameters: FILE:LINE[:EVENT] of a known file, or else a record id.

    An id of several fields is stored with `%3A` for a colon within a field, and is found with plain colons too.
    """
    found = _NUMBERED.fullmatch(text)
    if found and found["path"] in known:
        place = {
            "path": found["path"],
            "line": int(found["line"]),
            "event": found["event"] and int(found["event"]),
        }
        return (
            "landing_file = $path AND landing_line = $line AND coalesce($event, landing_event) = landing_event",
            place,
        )
    plain = "replace(replace(record_id, '%3A', ':'), '%25', '%')"
    return f"$record_id IN (record_id, {plain})", {"record_id": text}


def _set_aside(
    storage: Storage, files: Mapping[str, LandedFile], text: str, landed: Sequence[ExplainedLine]
) -> list[ExplainedLine]:
    """Return the skipped and superseded lines or events at a place; those of a record id are not kept."""
    place = _NUMBERED.fullmatch(text)
    file = files.get(place["path"]) if place else None
    if place is None or file is None or not (file.skipped or file.superseded):
        return []
    if landed and (place["event"] or not file.further_events):
        return []
    from usage_pipeline.pipeline.read_again import read_again  # noqa: PLC0415 - pyarrow, only where it is needed

    try:
        found = read_again(storage, file, int(place["line"]))
    except QueryError:
        if landed:
            return []
        raise
    return [_as_set_aside(file, *one) for one in found if place["event"] in {None, str(one[1].landing_event)}]


def _as_set_aside(file: LandedFile, verdict: str, line: "SetAside") -> ExplainedLine:
    several = {file.path} if file.further_events else set()
    lost_to = line.decided_by and landed_files.place(file.path, *line.decided_by, several)
    record, at = line.record, line.record.get("occurred_at")
    return ExplainedLine(
        tenant_id=record.get("tenant_id"),
        source=file.source,
        record_id=record.get("record_id"),
        event_day=at and at.date(),
        landing_file=file.path,
        landing_line=line.landing_line,
        landing_event=line.landing_event,
        type=record.get("type"),
        occurred_at=at,
        verdict=verdict,
        decided_by=lost_to or line.test,
        metrics={},
        costs=(),
        credits=None,
        paid_by=(),
        record=record,
    )


_NUMBERED = re.compile(r"(?P<path>.+?):(?P<line>[0-9]+)(:(?P<event>[0-9]+))?")
_LINES = """
SELECT
    found.tenant_id, found.source, found.record_id, found.event_day, found.landing_file, found.landing_line,
    found.landing_event, found.type, found.occurred_at, excluded_events.verdict,
    excluded_events.decided_by_file, excluded_events.decided_by_line, excluded_events.decided_by_event
FROM found
LEFT JOIN excluded_events
    ON excluded_events.landing_file = found.landing_file AND excluded_events.landing_line = found.landing_line
    AND excluded_events.landing_event = found.landing_event
ORDER BY found.landing_day, found.landing_file, found.landing_line, found.landing_event
"""


def _explained(
    storage: Storage,
    duck: DuckDBPyConnection,
    known: Mapping[str, LandedFile],
    stale: Collection[date],
    facts: dict[str, Any],
) -> ExplainedLine:
    file = known[facts["landing_file"]]
    facts["decided_by"] = _decided_by(
        known, *(facts.pop(f"decided_by_{part}") for part in ("file", "line", "event"))
    )
    if file.state is not FileState.LANDED:
        facts |= {"verdict": f"not counted: its file is {file.state}", "decided_by": None}
    elif facts["event_day"] in stale:
        facts |= {"verdict": "not counted yet: its day is to be computed", "decided_by": None}
    place = _place(facts)
    record = _record(duck, place)
    if facts["verdict"]:
        return ExplainedLine(**facts, metrics={}, costs=(), credits=None, paid_by=(), record=record)
    metrics = _metrics(duck, place)
    with storage.warehouse.connect() as connection:  # reads the view that `_metrics` made
        costs = cost_of_record(connection, duck, facts["event_day"])
        found = credits_of_record(connection, duck, facts["event_day"])
    counted = {**facts, "verdict": COUNTED}
    paid_by = _paid_by(storage, facts) if found and found.credits else ()
    return ExplainedLine(**counted, metrics=metrics, costs=costs, credits=found, paid_by=paid_by, record=record)


def _paid_by(storage: Storage, facts: Mapping[str, Any]) -> tuple[Payment, ...]:
    second = facts["occurred_at"].replace(microsecond=0, tzinfo=UTC)
    return tuple(read_payments(storage, facts["tenant_id"], second))


def _decided_by(known: Mapping[str, LandedFile], path: str | None, line: int, event: int) -> str | None:
    several = {path for path, file in known.items() if file.further_events}
    return landed_files.place(path, line, event, several) if path else None


def _place(facts: Mapping[str, Any]) -> str:
    """Return the condition that one row of `found` fulfils."""
    numbers = f"landing_line = {facts['landing_line']} AND landing_event = {facts['landing_event']}"
    return f"landing_file = {literal(facts['landing_file'])} AND {numbers}"


def _record(duck: DuckDBPyConnection, place: str) -> Mapping[str, object]:
    selected = ", ".join(f'"{name}"' for name in RECORD_NAMES)
    row = duck.execute(f"SELECT {selected} FROM found WHERE {place}").fetchall()[0]
    return {name: value for name, value in zip(RECORD_NAMES, row, strict=True) if value is not None}


def _metrics(duck: DuckDBPyConnection, place: str) -> Mapping[str, int]:
    """Run the SELECT of the cube on this one record, and leave the record in the view `usage_records`."""
    duck.execute(f"CREATE OR REPLACE TEMP VIEW usage_records AS FROM found WHERE {place}")
    register_derived(DAILY_USAGE.inputs, duck)
    names = ", ".join(RECORD_METRIC_NAMES)
    values = duck.execute(f"SELECT {names} FROM ({DAILY_USAGE.sql.text})").fetchall()[0]
    return {name: value for name, value in zip(RECORD_METRIC_NAMES, values, strict=True) if value}
