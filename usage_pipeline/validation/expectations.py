"""Compiles the entries of a suite to expectations of Great Expectations, which is slow to import.

The meta of an expectation has the name of its entry. Conditions become queries for the rows at fault, of which
only the number is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import great_expectations.expectations as gxe

from usage_pipeline.events.catalogue import load_catalogue
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.batches import LANDING_FILES, with_days
from usage_pipeline.validation.history import History
from usage_pipeline.validation.suite import (
    ENTRY,
    EVENT_TYPES,
    RECENT,
    Between,
    Entry,
    HasColumns,
    Holds,
    NotNull,
    Number,
    OneOf,
    Rows,
    Unique,
    UsualRows,
)

Meta = dict[str, str]


@dataclass(frozen=True)
class Bounds:
    """The bounds of a number of a day, both included."""

    low: float | None
    high: float | None

    def hold(self, number: float) -> bool:
        """Return True if the number is within the bounds."""
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)


@dataclass(frozen=True)
class Allowed:
    """The values that a column may have besides null."""

    column: str
    values: frozenset[str]


@dataclass(frozen=True)
class Compiled:
    """An entry as expectations. Without any there is nothing to compare with yet."""

    expectations: tuple[gxe.Expectation, ...]
    expected: str
    """The expectation in words."""
    query: str | None = None
    """A query with one row to validate, instead of the rows of the day."""
    row_by_row: bool = False
    """True if the entry holds for several days exactly when it holds for each, so they are validated together."""
    rows: Bounds | None = None
    """The bounds of an entry about the number of rows."""
    number: Bounds | None = None
    """The bounds of an entry about the number that its query gives."""
    allowed: Allowed | None = None
    """The values of an entry about a column: it holds without a look at rows if there are no others."""


@dataclass(frozen=True)
class Compiler:
    """Compiles the checks of one day of a table."""

    spec: TableSpec
    history: History

    def compile(self, name: str, entry: Entry) -> Compiled:  # noqa: PLR0911 - one per kind
        """Compile the entry of this name."""
        meta = {ENTRY: name}
        match entry:
            case HasColumns():
                return self._columns(meta)
            case Rows():
                return self._rows(entry, meta)
            case UsualRows():
                return self._usual_rows(entry, meta)
            case NotNull():
                return _not_null(entry, meta)
            case Unique():
                return self._unique(entry, meta)
            case OneOf():
                return self._one_of(entry, meta)
            case Between():
                return _between(entry, meta)
            case Holds():
                return self._holds(entry, meta)
            case Number():
                return Compiled(
                    (_number(meta, entry.at_least, entry.at_most),),
                    _range(entry.at_least, entry.at_most),
                    _one_row(entry.select, meta),
                    number=Bounds(entry.at_least, entry.at_most),
                )

    def _columns(self, meta: Meta) -> Compiled:
        names = list(self.spec.column_names)
        expectation = gxe.ExpectTableColumnsToMatchSet(column_set=names, exact_match=False, meta=meta)
        return Compiled((expectation,), f"all {len(names)} columns", row_by_row=True)

    def _rows(self, entry: Rows, meta: Meta) -> Compiled:
        if entry.only_if_landed and not self.history.has_landed():
            return Compiled((), "nothing: no line of the day has landed")
        return _row_count(entry.at_least, None, f"{entry.at_least:,} rows or more", meta)

    def _usual_rows(self, entry: UsualRows, meta: Meta) -> Compiled:
        if not self.history.is_over:
            return Compiled((), "nothing: the day is not over")
        usual = self.history.usual_rows(entry.days)
        if usual is None:
            return Compiled((), f"nothing: too few of the {entry.days} days before have rows")
        low, high = int(usual * entry.at_least), int(usual * entry.at_most)
        expected = f"{low:,} to {high:,} rows; the median of {entry.days} days is {usual:,.0f}"
        return _row_count(low, high, expected, meta)

    def _unique(self, entry: Unique, meta: Meta) -> Compiled:
        key = ", ".join([*(f'"{name}"' for name in entry.columns), "day"])
        # As a number, because the library would query rows at fault twice.
        groups = f"SELECT 1 FROM {with_days(self.spec)} GROUP BY {key} HAVING count(*) > 1"
        expected = f"no combination of {', '.join(entry.columns)} twice"
        query = _one_row(f"SELECT count(*) FROM ({groups})", meta)
        return Compiled((_number(meta, None, 0),), expected, query, row_by_row=True)

    def _holds(self, entry: Holds, meta: Meta) -> Compiled:
        # A condition that names a table compares the row with other rows of its day.
        names_a_table = any(name in entry.condition.lower() for name in (self.spec.name, LANDING_FILES))
        expectation = _no_row_but(entry.condition, meta)
        return Compiled((expectation,), f"every row: {entry.condition}", row_by_row=not names_a_table)

    def _one_of(self, entry: OneOf, meta: Meta) -> Compiled:
        if entry.values == EVENT_TYPES:
            expectation = _no_row_but(_is_event_type(entry.column), meta)
            return Compiled((expectation,), "a type of the event catalogue", row_by_row=True)
        recent = entry.values == RECENT
        values = self.history.values(entry.column, entry.days) if recent else entry.values
        if values is None:
            return Compiled((), f"nothing: too few of the {entry.days} days before have usage")
        expectation = gxe.ExpectColumnValuesToBeInSet(
            column=entry.column, value_set=sorted(values), mostly=entry.mostly, meta=meta
        )
        origin = f"{len(values)} values" + (f" of {entry.days} days" if recent else "")
        expected = f"{entry.column}: one of {origin}{_mostly(entry.mostly)}"
        allowed = Allowed(entry.column, frozenset(values))
        return Compiled((expectation,), expected, row_by_row=not recent and entry.mostly == 1, allowed=allowed)


def _row_count(low: int, high: int | None, expected: str, meta: Meta) -> Compiled:
    expectation = gxe.ExpectTableRowCountToBeBetween(min_value=low, max_value=high, meta=meta)
    return Compiled((expectation,), expected, rows=Bounds(low, high))


def _not_null(entry: NotNull, meta: Meta) -> Compiled:
    expectations = (gxe.ExpectColumnValuesToNotBeNull(column=name, meta=meta) for name in entry.columns)
    return Compiled(tuple(expectations), f"no null in {', '.join(entry.columns)}", row_by_row=True)


def _between(entry: Between, meta: Meta) -> Compiled:
    expectation = gxe.ExpectColumnValuesToBeBetween(
        column=entry.column, min_value=entry.min, max_value=entry.max, mostly=entry.mostly, meta=meta
    )
    expected = f"{entry.column}: {_range(entry.min, entry.max)}{_mostly(entry.mostly)}"
    return Compiled((expectation,), expected, row_by_row=entry.mostly == 1)


def _number(meta: Meta, low: float | None, high: float | None) -> gxe.Expectation:
    return gxe.ExpectColumnMaxToBeBetween(column=meta[ENTRY], min_value=low, max_value=high, meta=meta)


def _one_row(select: str, meta: Meta) -> str:
    return f'SELECT CAST(({select}) AS DOUBLE) AS "{meta[ENTRY]}"'


def _no_row_but(condition: str, meta: Meta) -> gxe.Expectation:
    literally = condition.replace("{", "{{").replace("}", "}}")
    query = f"SELECT 1 FROM {{batch}} WHERE NOT ({literally})"
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, meta=meta)


def _is_event_type(column: str) -> str:
    names = load_catalogue()
    listed = ", ".join(literal(name) for name in names if "*" not in name)
    patterns = (f'"{column}" GLOB {literal(name)}' for name in names if "*" in name)
    return " OR ".join([f'"{column}" IN ({listed})', *patterns])


def _range(low: float | None, high: float | None) -> str:
    return " and ".join(_bounds(low, high))


def _bounds(low: float | None, high: float | None) -> Iterator[str]:
    if low is not None:
        yield f"{low:,} or more"
    if high is not None:
        yield f"{high:,} or less"


def _mostly(share: float) -> str:
    return "" if share == 1 else f", in {share:.0%} of rows or more"
