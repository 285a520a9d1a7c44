"""Validates days of a table by its suite: several days together where possible, the rest day by day.

Great Expectations is slow to import, so only the function that validates imports this module.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.batches import UNREADABLE, register_days, unreadable, with_days
from usage_pipeline.validation.expectations import Compiled, Compiler
from usage_pipeline.validation.great_expectations_duckdb import ResultFormat, Validator
from usage_pipeline.validation.history import History
from usage_pipeline.validation.observed import evaluation, holding
from usage_pipeline.validation.results import CheckResult, Evaluation, nothing_compared, result_of
from usage_pipeline.validation.suite import ENTRY, OF_ROWS, Rows, UsualRows
from usage_pipeline.validation.suite_files import Suite

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

        These are the conditions that every row of all days meets, and the numbers of rows within their bounds.
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
        return {
            day: _holding({**(holding if rows[day] else {}), **self._counted(day, rows[day])}, rows[day])
            for day in days
        }

    def _counted(self, day: date, rows: int) -> dict[str, Compiled]:
        """Return the checks of the number of rows that this number meets."""
        names = [name for name, entry in self.suite.entries.items() if isinstance(entry, Rows | UsualRows)]
        compiled = self._compiled(day, names)
        return {name: entry for name, entry in compiled.items() if entry.rows and entry.rows.hold(rows)}

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


def _holding(compiled: Mapping[str, Compiled], rows: int) -> _Evaluations:
    return {
        name: holding(entry.expectations[0].configuration.type, rows, entry.expected)
        for name, entry in compiled.items()
    }
