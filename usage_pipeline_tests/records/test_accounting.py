"""However lines repeat and contradict, every landed row is a record, a duplicate or a conflict."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, USAGE_RECORDS
from usage_pipeline.storage.digests import digest_of


@dataclass(frozen=True, order=True)
class Line:
    """A landed line of one event day; lines are ordered as they landed."""

    landing_day: date
    file: str
    number: int
    tenant: str
    record_id: str
    payload: int

    @property
    def place(self) -> tuple[str, int]:
        return f"persona/{self.landing_day}/{self.file}", self.number

    @property
    def identity(self) -> tuple[str, str]:
        return self.tenant, self.record_id


LINES = st.lists(
    st.builds(
        Line,
        landing_day=st.dates(date(2026, 5, 1), date(2026, 5, 3)),
        file=st.sampled_from(["B", "a"]),
        number=st.integers(1, 9),
        tenant=st.sampled_from(["acme", "zeta"]),
        record_id=st.sampled_from(["e1", "e2"]),
        payload=st.integers(0, 2),
    ),
    unique_by=lambda line: line.place,
    max_size=12,
)


@contextmanager
def computed(lines: Sequence[Line]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in which the lines lie in this order, with the tables that are made of them."""
    with duckdb.connect() as duck:
        duck.execute(f"CREATE TABLE landed_events AS {LANDED_EVENTS.empty_select()}")
        insert = (
            "INSERT INTO landed_events (landing_file, landing_line, landing_day, tenant_id, record_id, "
            "payload_digest, source, occurred_at) VALUES (?, ?, ?, ?, ?, ?, 'persona', '2026-05-01 08:00:00')"
        )
        values = [(*line.place, line.landing_day, *line.identity, line.payload) for line in lines]
        if values:
            duck.executemany(insert, values)
        for table in (USAGE_RECORDS, CONFLICTS):
            duck.execute(f"CREATE TABLE {table.name} AS {table.sql.text}")
        yield duck


def winners(lines: Sequence[Line]) -> dict[tuple[str, str], Line]:
    """Of the lines with one identity, the first landed."""
    return {line.identity: line for line in sorted(lines, reverse=True)}


@checked(max_examples=25, deadline=None)
@given(LINES)
def test_the_first_landed_line_of_every_id_is_the_record(lines: list[Line]) -> None:
    with computed(lines) as duck:
        found = duck.execute("SELECT landing_file, landing_line FROM usage_records").fetchall()
    assert sorted(found) == sorted(line.place for line in winners(lines).values())


@checked(max_examples=25, deadline=None)
@given(LINES)
def test_a_later_line_with_another_payload_is_a_conflict_with_the_one_that_counts(lines: list[Line]) -> None:
    counted = winners(lines)
    losers = [line for line in lines if line.payload != counted[line.identity].payload]
    with computed(lines) as duck:
        select = "SELECT landing_file, landing_line, counted_file, counted_line FROM conflicts"
        found = duck.execute(select).fetchall()
    assert sorted(found) == sorted((*line.place, *counted[line.identity].place) for line in losers)


@checked(max_examples=25, deadline=None)
@given(LINES)
def test_landed_rows_are_records_duplicates_and_conflicts(lines: list[Line]) -> None:
    assert USAGE_RECORDS.counts is not None
    with computed(lines) as duck:
        tables = "SELECT (SELECT count(*) FROM usage_records), (SELECT count(*) FROM conflicts)"
        ((records, stored_conflicts),) = duck.execute(tables).fetchall()
        ((duplicates, conflicts, _),) = duck.execute(USAGE_RECORDS.counts.text).fetchall()
    assert (records + duplicates + conflicts, conflicts) == (len(lines), stored_conflicts)


@checked(max_examples=25, deadline=None)
@given(LINES.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_the_order_in_which_lines_are_read_changes_no_digest(orders: tuple[list[Line], list[Line]]) -> None:
    digests = []
    for lines in orders:
        with computed(lines) as duck:
            tables = (USAGE_RECORDS, CONFLICTS)
            digests.append([digest_of(duck, table.name, table.spec.column_names) for table in tables])
    assert digests[0] == digests[1]
