"""Validates days of a table by its suite: several days together where possible, the rest day by day.

Great Expectations is slow to import, so only the function that validates imports this module.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeGuard

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError
from sqlalchemy import Connection

from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.batches import (
    UNREADABLE,
    reads_landing_files_only,
    register_days,
    register_files,
    unreadable,
    with_days,
)
from usage_pipeline.validation.expectations import Compiled, Compiler
from usage_pipeline.validation.great_expectations_duckdb import ResultFormat, Validator
from usage_pipeline.validation.history import History
from usage_pipeline.validation.observed import evaluation, holding, within
from usage_pipeline.validation.results import CheckResult, Evaluation, nothing_compared, result_of
from usage_pipeline.validation.suite import (
    ENTRY,
    EVENT_TYPES,
    OF_ROWS,
    RECENT,
    Entry,
    Number,
    OneOf,
    Rows,
    UsualRows,
)
from usage_pipeline.validation.suite_files import Suite

if TYPE_CHECKING:
    from usage_pipeline.storage.landed_files import LandedFile

_Evaluations = Mapping[str, Evaluation]
"""The evaluations of one day by check."""


def validate(
    storage: Storage, connection: Connection, suite: Suite, days: Sequence[date]
) -> Iterator[CheckResult]:
    """Validate each day by every entry of the suite. A day that cannot be read fails, and the others go on."""
    with session(storage.engine) as duck, closing(Validator(duck)) as validator:
        validating = _Validate(storage, connection, suite, duck, validator)
        holding = validating.together(days) if len(days) > 1 else {}
        for day in days:
            found = validating.alone(day, holding.get(day, {}))
            yield from (result_of(check, day, found[check.name]) for check in suite.checks)


@dataclass(frozen=True)
class _Validate:
    """Validates days of one table in one DuckDB session, in which it registers the days to read."""

    storage: Storage
    connection: Connection
    suite: Suite
    duck: DuckDBPyConnection
    validator: Validator

    def together(self, days: Sequence[date]) -> dict[date, _Evaluations]:
        """Return the checks that hold by day, without reading a day alone; empty if a day cannot be read.

        These are the conditions that every row of all days meets, numbers within their bounds, and columns without
        other values than they may have.
        """
        try:
            self._register(days)
            rows = self._rows_by_day()
        except UNREADABLE:
            return {}
        compiled = self._compiled(days[0], self.suite.entries)
        row_by_row = {name: entry for name, entry in compiled.items() if entry.row_by_row}
        results = self._results(row_by_row, "BOOLEAN_ONLY")
        holding = {name: row_by_row[name] for name, found in results.items() if all(one.success for one in found)}
        allowed = self._allowed(days)
        of_rows = {day: {**holding, **allowed[day]} if rows[day] else {} for day in days}
        numbers = self._numbers(days)
        return {
            day: {
                **_holding({**of_rows[day], **self._counted(day, rows[day])}, rows[day]),
                **numbers.get(day, {}),
            }
            for day in days
        }

    def _counted(self, day: date, rows: int) -> dict[str, Compiled]:
        """Return the checks of the number of rows that this number meets."""
        names = [name for name, entry in self.suite.entries.items() if isinstance(entry, Rows | UsualRows)]
        compiled = self._compiled(day, names)
        return {name: entry for name, entry in compiled.items() if entry.rows and entry.rows.hold(rows)}

    def _allowed(self, days: Sequence[date]) -> dict[date, dict[str, Compiled]]:
        """Return by day the checks of columns that have no value which they may not have."""
        entries = {name: entry for name, entry in self.suite.entries.items() if _may_vary(entry)}
        values = {column: self._values_by_day(column) for column in {entry.column for entry in entries.values()}}
        compiled = {day: self._compiled(day, entries) for day in days}
        return {
            day: {name: entry for name, entry in of_day.items() if _has_only_allowed(entry, values, day)}
            for day, of_day in compiled.items()
        }

    def _values_by_day(self, column: str) -> defaultdict[date, set[object]] | None:
        """Return the values of a column, without null; None if it cannot be read."""
        found: defaultdict[date, set[object]] = defaultdict(set)
        query = f'SELECT DISTINCT day, "{column}" FROM {with_days(self.suite.spec)} WHERE "{column}" IS NOT NULL'
        try:
            for day, value in self.duck.execute(query).fetchall():
                found[day].add(value)
        except UNREADABLE:
            return None
        return found

    def _numbers(self, days: Sequence[date]) -> dict[date, _Evaluations]:
        """Return by day the checks of numbers of its landing files that are within their bounds."""
        names = [name for name, entry in self.suite.entries.items() if self._is_of_files(entry)]
        if not names:
            return {}
        files: defaultdict[date, list[LandedFile]] = defaultdict(list)
        for file in landed_files.files(self.connection, days):
            files[file.landing_day].append(file)
        found: defaultdict[date, _Evaluations] = defaultdict(dict)
        for day in days:
            register_files(self.duck, files[day])
            for name, entry in self._compiled(day, names).items():
                number = self._number(entry)
                if number is not None and entry.number is not None and entry.number.hold(number):
                    found[day] = {**found[day], name: within(number, entry.expected)}
        return found

    def _is_of_files(self, entry: Entry) -> bool:
        return isinstance(entry, Number) and reads_landing_files_only(self.suite.spec, entry.select)

    def _number(self, entry: Compiled) -> float | None:
        try:
            row = self.duck.execute(str(entry.query)).fetchone()
        except DuckDBError:
            return None
        return row[0] if row else None

    def alone(self, day: date, known: _Evaluations) -> _Evaluations:
        """Evaluate the checks of one day that are not known to hold; all are returned in the suite's order."""
        compiled = self._compiled(day, [name for name in self.suite.entries if name not in known])
        try:
            empty = self._no_rows(day, compiled)
        except UNREADABLE as error:
            return dict.fromkeys(self.suite.entries, unreadable(error))
        asked = {name: entry for name, entry in compiled.items() if name not in empty}
        results = self._results(asked, "BASIC")
        found = {name: evaluation(results[name], entry.expected, self.suite.spec) for name, entry in asked.items()}
        return {**known, **empty, **found}

    def _no_rows(self, day: date, compiled: Mapping[str, Compiled]) -> _Evaluations:
        """Make the day readable if anything is asked, and evaluate the checks of rows if it has none."""
        if not any(entry.expectations for entry in compiled.values()):
            return {}
        self._register([day])
        of_rows = {
            name: entry for name, entry in compiled.items() if isinstance(self.suite.entries[name], OF_ROWS)
        }
        if not of_rows or self._rows_by_day()[day]:
            return {}
        return {name: nothing_compared("no rows", entry.expected) for name, entry in of_rows.items()}

    def _register(self, days: Sequence[date]) -> None:
        register_days(self.suite.spec, self.storage, self.connection, self.duck, days)

    def _rows_by_day(self) -> Counter[date]:
        counted = f"SELECT day, count(*) FROM {with_days(self.suite.spec)} GROUP BY day"
        return Counter(dict(self.duck.execute(counted).fetchall()))

    def _compiled(self, day: date, names: Iterable[str]) -> dict[str, Compiled]:
        is_over = day < self.storage.settings.clock.today
        compiler = Compiler(self.suite.spec, History(self.connection, self.suite.spec.name, day, is_over))
        return {name: compiler.compile(name, self.suite.entries[name]) for name in names}

    def _results(self, compiled: Mapping[str, Compiled], result_format: ResultFormat) -> dict[str, list[Any]]:
        """Return the results of Great Expectations on the registered days, by check."""
        of_rows = f"SELECT * FROM {with_days(self.suite.spec)}"
        by_query: dict[str, list[Any]] = {}
        for entry in compiled.values():
            if entry.expectations:
                by_query.setdefault(entry.query or of_rows, []).extend(entry.expectations)
        found: dict[str, list[Any]] = {name: [] for name in compiled}
        for query, expectations in by_query.items():
            for result in self.validator.validate(query, expectations, result_format):
                found[result.expectation_config.meta[ENTRY]].append(result)
        return found


def _may_vary(entry: Entry) -> TypeGuard[OneOf]:
    """Whether a column may have other values on other days, or in a part of the rows."""
    if not isinstance(entry, OneOf) or entry.values == EVENT_TYPES:
        return False
    return entry.values == RECENT or entry.mostly < 1


def _has_only_allowed(
    entry: Compiled, values: Mapping[str, defaultdict[date, set[object]] | None], day: date
) -> bool:
    found = values.get(entry.allowed.column) if entry.allowed else None
    return found is not None and entry.allowed is not None and found[day] <= entry.allowed.values


def _holding(compiled: Mapping[str, Compiled], rows: int) -> _Evaluations:
    return {
        name: holding(entry.expectations[0].configuration.type, rows, entry.expected)
        for name, entry in compiled.items()
    }
