"""Two sets of rows have one digest exactly when they hold the same rows."""

from collections.abc import Sequence

import duckdb
from hypothesis import assume, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.storage.digests import NO_ROWS, Digest, digests_by, fingerprint
from usage_pipeline_tests.storage.things import DAY, THINGS

Row = tuple[str | None, int | None]

TEXTS = st.none() | st.text(max_size=5)
NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(TEXTS, NUMBERS), max_size=6)


def digest(rows: Sequence[Row], found_in: str = "here") -> Digest:
    with duckdb.connect() as duck:
        duck.execute(f"CREATE TABLE things AS {THINGS.empty_select()}")
        if rows:
            values = [value for row in rows for value in (*row, found_in)]
            duck.execute(f"INSERT INTO things VALUES {', '.join(['(?, ?, ?)'] * len(rows))}", values)
        found = digests_by(duck, f"(SELECT *, DATE '{DAY}' AS day FROM things)", "day", THINGS.digested)
    return found.get(DAY, NO_ROWS)


@checked(max_examples=30, deadline=None)
@given(rows=ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_rows_does_not_change_a_digest(rows: tuple[list[Row], list[Row]]) -> None:
    given_order, other_order = rows
    assert digest(other_order) == digest(given_order)


@checked(max_examples=30, deadline=None)
@given(rows=ROWS, others=ROWS)
def test_other_rows_have_another_digest(rows: list[Row], others: list[Row]) -> None:
    assume(sorted(map(repr, rows)) != sorted(map(repr, others)))
    assert digest(rows) != digest(others)


def test_values_that_change_places_change_the_digest() -> None:
    assert digest([("a", 1), ("b", 2)]) != digest([("a", 2), ("b", 1)])


def test_a_row_counts_as_often_as_it_is_there() -> None:
    assert digest([("a", 1)]) != digest([("a", 1), ("a", 1)])


def test_null_is_not_an_empty_text() -> None:
    assert digest([(None, 1)]) != digest([("", 1)])


def test_where_rows_landed_does_not_change_a_digest() -> None:
    assert digest([("a", 1)], found_in="here") == digest([("a", 1)], found_in="there")


def test_no_rows_have_the_digest_zero() -> None:
    assert str(digest([])) == "0:0"


def test_a_fingerprint_depends_on_values_and_their_order_only() -> None:
    assert fingerprint(["a", 1]) == fingerprint(iter(["a", "1"]))
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
