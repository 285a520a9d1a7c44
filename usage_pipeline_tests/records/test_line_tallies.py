"""However lines repeat, contradict and take back, each becomes exactly one thing, counted by day and file."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import duckdb
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.clock import days_between
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import (
    CONFLICTS,
    EXCLUDED_EVENTS,
    NEARBY_EVENTS,
    UNIQUE_FILES,
    USAGE_RECORDS,
)
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.digests import Digest, digests_by
from usage_pipeline.storage.nearby_rows import nearby_select
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.state import LineTally

Place = tuple[str, int, int]
Identity = tuple[str, str, str]
WITHIN = {"B": 0, "a": 1, "c": 3}
"""By first letter of a file, what it says of `unique_within_days`."""
GROUPS = 10
"""So many groups of lines are computed together, because the SELECTs take as long for one as for all."""
DAYS = days_between(date(2026, 4, 28), date(2026, 5, 1))
TABLES = (EXCLUDED_EVENTS, USAGE_RECORDS, CONFLICTS)


@dataclass(frozen=True, order=True)
class Line:
    """A landed line; lines are ordered as they landed. A void names a target of its own event day."""

    landing_day: date
    file: str
    number: int
    event: int
    tenant: str
    record_id: str
    payload: int
    target: str | None
    event_day: date

    @property
    def place(self) -> Place:
        return f"persona/{self.landing_day}/{self.file}", self.number, self.event

    @property
    def source(self) -> str:
        return "persona" if self.target is None else "void"

    @property
    def identity(self) -> Identity:
        return self.tenant, self.source, self.record_id

    @property
    def within(self) -> int:
        return WITHIN[self.file[0]]

    def reaches(self, other: "Line") -> bool:
        return self.identity == other.identity and days_apart(self, other) <= self.within


def days_apart(one: Line, other: Line) -> int:
    return abs((one.event_day - other.event_day).days)


def apart(groups: Sequence[Sequence[Line]]) -> list[Line]:
    """The lines of all groups, each with tenants and files of its own, so that no group knows of another."""
    return [
        replace(line, tenant=f"{line.tenant}{number}", file=f"{line.file}{number}")
        for number, lines in enumerate(groups)
        for line in lines
    ]


GROUP = st.lists(
    st.builds(
        Line,
        landing_day=st.dates(date(2026, 5, 1), date(2026, 5, 3)),
        file=st.sampled_from(sorted(WITHIN)),
        number=st.integers(1, 9),
        event=st.integers(1, 2),
        tenant=st.sampled_from(["acme", "zeta"]),
        record_id=st.sampled_from(["e1", "e2"]),
        payload=st.integers(0, 1),
        target=st.sampled_from([None, None, "e1", "e3"]),
        event_day=st.sampled_from(DAYS),
    ),
    unique_by=lambda line: line.place,
    max_size=20,
)
LINES = st.lists(GROUP, min_size=GROUPS, max_size=GROUPS).map(apart)


def verdicts(lines: Sequence[Line]) -> dict[Place, str]:
    """What becomes of each line, said a second time: the first landed within reach counts, voids take back."""
    first = {line: min(other for other in lines if line.reaches(other)) for line in lines}
    counted = {(line.event_day, line.identity): line for line in lines if first[line] is line}
    targets = {target_of(line) for line in counted.values()}

    def verdict(line: Line) -> str:
        if first[line] is not line:
            same = (line.payload, line.target) == (first[line].payload, first[line].target)
            return "duplicate" if same else "conflict"
        if line.target is not None:
            return "void" if target_of(line) in counted else "void_without_target"
        return "voided" if (line.event_day, line.identity) in targets else "record"

    return {line.place: verdict(line) for line in lines}


def target_of(void: Line) -> tuple[date, Identity] | None:
    return (void.event_day, (void.tenant, "persona", void.target)) if void.target else None


@cache
def empty() -> duckdb.DuckDBPyConnection:
    """One database for all examples: to open one takes longer than to compute them."""
    return duckdb.connect()


def computed(lines: Sequence[Line], days: Collection[date] = DAYS) -> duckdb.DuckDBPyConnection:
    """A database in which the lines lie in this order, with the tables that are made of those of these days."""
    duck = empty()
    duck.execute(f"CREATE OR REPLACE TABLE landed AS {LANDED_EVENTS.empty_select()}")
    insert = (
        "INSERT INTO landed (landing_file, landing_line, landing_event, landing_day, event_day, tenant_id, "
        "source, record_id, type, void_source, void_record_id, payload_digest, occurred_at) VALUES "
    )
    row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, 'persona', ?, hash(?, ?), CAST(? AS DATE))"
    values = [
        (
            *line.place,
            line.landing_day,
            line.event_day,
            *line.identity,
            "event" if line.target is None else "void",
            line.target,
            line.payload,
            line.target,
            line.event_day,
        )
        for line in lines
    ]
    if values:
        duck.execute(insert + ", ".join([row] * len(values)), [part for value in values for part in value])
    asked = ", ".join(f"DATE '{day}'" for day in days)
    duck.execute(f"CREATE OR REPLACE VIEW landed_events AS FROM landed WHERE event_day IN ({asked})")
    within = {line.place[0]: line.within for line in lines}
    register_rows(duck, UNIQUE_FILES.name, UNIQUE_FILES.columns, within.items())
    duck.execute(f"CREATE OR REPLACE TABLE nearby_events AS {nearby_select(NEARBY_EVENTS, 'landed')}")
    for table in TABLES:
        duck.execute(f"CREATE OR REPLACE TABLE {table.name} AS {table.sql.text}")
    return duck


def places(duck: duckdb.DuckDBPyConnection, table: str) -> list[Place]:
    return duck.execute(f"SELECT landing_file, landing_line, landing_event FROM {table} ORDER BY ALL").fetchall()


@checked(max_examples=6, deadline=None)
@given(LINES)
def test_every_line_is_a_record_or_excluded_with_its_verdict(lines: list[Line]) -> None:
    duck = computed(lines)
    aside = duck.execute(
        "SELECT landing_file, landing_line, landing_event, verdict FROM excluded_events"
    ).fetchall()
    found = Counter([*((*place, "record") for place in places(duck, "usage_records")), *aside])
    assert found == Counter((*place, verdict) for place, verdict in verdicts(lines).items())


@checked(max_examples=4, deadline=None)
@given(LINES)
def test_conflicts_are_the_lines_with_that_verdict(lines: list[Line]) -> None:
    duck = computed(lines)
    found = places(duck, "conflicts")
    assert found == sorted(place for place, verdict in verdicts(lines).items() if verdict == "conflict")


@checked(max_examples=6, deadline=None)
@given(LINES)
def test_the_accounts_of_each_file_are_its_lines_by_verdict(lines: list[Line]) -> None:
    assert USAGE_RECORDS.tallies is not None
    duck = computed(lines)
    found = [LineTally(*row) for row in duck.execute(USAGE_RECORDS.tallies.text).fetchall()]
    assert all(tally.balanced for tally in found)
    assert {(tally.day, tally.path): tally for tally in found} == expected_tallies(lines)


def expected_tallies(lines: Sequence[Line]) -> dict[tuple[date, str], LineTally]:
    days = {line.place: line.event_day for line in lines}
    by_file: dict[tuple[date, str], Counter[str]] = {}
    for place, verdict in verdicts(lines).items():
        by_file.setdefault((days[place], place[0]), Counter())[verdict] += 1
    return {
        (day, file): LineTally(
            day=day,
            path=file,
            landed=count.total(),
            records=count["record"],
            duplicates=count["duplicate"],
            conflicts=count["conflict"],
            voided=count["voided"],
            voids=count["void"] + count["void_without_target"],
            unmatched_voids=count["void_without_target"],
            late_records=0,
        )
        for (day, file), count in by_file.items()
    }


@checked(max_examples=4, deadline=None)
@given(LINES.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_the_order_in_which_lines_are_read_changes_no_digest(orders: tuple[list[Line], list[Line]]) -> None:
    digests = []
    for lines in orders:
        duck = computed(lines)
        digests.append([day_digests(duck, table) for table in TABLES])
    assert digests[0] == digests[1]


@checked(max_examples=4, deadline=None)
@given(LINES)
def test_days_computed_together_have_the_digests_of_each_day_alone(lines: list[Line]) -> None:
    duck = computed(lines)
    together = {table.name: day_digests(duck, table) for table in TABLES}
    alone: dict[str, dict[date, Digest]] = {table.name: {} for table in TABLES}
    for day in {line.event_day for line in lines}:
        duck = computed(lines, [day])
        for table in TABLES:
            alone[table.name] |= day_digests(duck, table)
    assert together == alone


def day_digests(duck: duckdb.DuckDBPyConnection, table: DailyTable) -> dict[date, Digest]:
    return digests_by(duck, table.name, "event_day", table.spec.column_names)
