"""The typed answer to a query, and the ratios in it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy import ARRAY, CollectionAggregate, ColumnElement, Date, FromClause, Text, any_, cast, literal

from usage_pipeline.metrics.queries import Query
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage

Row = dict[str, Any]
"""The values of the groups and the metrics, by the names in `Query.columns`."""


@dataclass(frozen=True)
class Answer:
    """The rows of a query, ordered by its groups, and the status of each UTC day that it covers.

    Sums of groups and of days are the total; a missing day is in no sum. Where rows are by day or interval, a
    missing one has one row, of nulls, and without other groups each other one has a row too.
    """

    query: Query
    rows: list[Row]
    statuses: Mapping[date, DayStatus]
    partly_missing: Mapping[datetime, Collection[date]] = field(default_factory=dict)
    """The local starts of intervals that are null although a part is known, with their missing UTC days."""

    @cached_property
    def missing(self) -> list[date]:
        """The missing days."""
        return [day for day, status in self.statuses.items() if status is DayStatus.MISSING]

    @cached_property
    def known(self) -> list[date]:
        """All other days."""
        return known_days(self.statuses)

    @property
    def by_group(self) -> dict[tuple[Any, ...], Row]:
        """The rows without those of missing days, by the values of the groups."""
        return {
            tuple(row[name] for name in self.query.group_by): row
            for row in self.rows
            if row[self.query.metrics[0]] is not None
        }


def statuses_of(storage: Storage, days: Sequence[date], *tables: str) -> dict[date, DayStatus]:
    """The status of each of the days, which are in order, for numbers of these tables.

    A day that was never computed for one of them is missing.
    """
    if not days:
        return {}
    return DayReader(storage, tables=tables).statuses(days)


def known_days(statuses: Mapping[date, DayStatus]) -> list[date]:
    """The days that are not missing."""
    return [day for day, status in statuses.items() if status is not DayStatus.MISSING]


def with_missing(
    slots: Iterable[Any], missing: Collection[Any], found: Iterable[Sequence[Any]], query: Query
) -> list[tuple[Any, ...]]:
    """The rows (slot, groups, metrics) in the order of the slots; a missing slot has one row, of nulls."""
    others = len([name for name in query.group_by if name != "day"])
    rows = defaultdict[Any, list[tuple[Any, ...]]](list)
    for slot, *values in found:
        rows[slot].append((slot, *values))

    def of_slot(slot: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a day or a time
        if slot in missing:
            return [(slot, *(None,) * (others + len(query.metrics)))]
        zeros = (slot, *(0,) * len(query.metrics))
        return rows.get(slot) or ([] if others else [zeros])

    return [row for slot in slots for row in of_slot(slot)]


def conditions(query: Query, table: FromClause, days: Collection[date]) -> list[ColumnElement[bool]]:
    """The conditions of the query on a table of the warehouse: these days, and its filters other than the day."""
    filters = [table.c[query.filters[name]] == value for name, value in query.where if name != "day"]
    among = [table.c[query.filters[name]].in_(values) for name, values in query.among]
    return [table.c.day == any_of_days(literal(days_literal(days), Text)), *filters, *among]


def any_of_days(listed: ColumnElement[str]) -> CollectionAggregate[Any]:
    """Any of the days of a list, to compare a column with.

    It is one parameter: `IN` has one for each day, and is put together anew for every number of them. It is a
    text, because the driver takes a list value by value.
    """
    return any_(cast(listed, ARRAY(Date)))


def days_literal(days: Collection[date]) -> str:
    """Return days as such a list."""
    return f"{{{','.join(map(str, sorted(days)))}}}"


def one_decimal(numerator: int, denominator: int) -> Decimal | None:
    """The quotient with one decimal, half to even, rounded once; null without a denominator."""
    if not denominator:
        return None
    return Decimal(round(Fraction(10 * numerator, denominator))).scaleb(-1)


def coverage(tokens: int | None, unpriced: int | None) -> Decimal | None:
    """Percentage of tokens with a price, two decimals, rounded down: 100 only where all have. Null without any."""
    if not tokens or unpriced is None:
        return None
    return Decimal(10_000 * (tokens - unpriced) // tokens).scaleb(-2)
