"""Validates days of a table by its suite: together where that says the same of each day, all else day by day.

Imported by the one function that validates: Great Expectations is slow to import.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection
from great_expectations.expectations import Expectation
from sqlalchemy import Connection

from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.batches import register_days, with_days
from usage_pipeline.validation.evaluation import UNREADABLE, unreadable
from usage_pipeline.validation.expectations import Compiled, Compiler
from usage_pipeline.validation.great_expectations_duckdb import Validator
from usage_pipeline.validation.history import History
from usage_pipeline.validation.observed import held, observed
from usage_pipeline.validation.results import CheckResult, Evaluation
from usage_pipeline.validation.suite import ENTRY, Rows, UsualRows
from usage_pipeline.validation.suite_files import Suite, severity_of

_Ask = Callable[[str, Sequence[Expectation]], list[Any]]
"""Asks Great Expectations what it finds on the rows of a query."""

_Evaluations = Mapping[str, Evaluation]
"""By check, what it found on one day."""


def validate(
    storage: Storage, connection: Connection, suite: Suite, days: Sequence[date]
) -> Iterator[CheckResult]:
    """Validate each of the days by every entry of the suite. One that cannot be read fails, and hides no other."""
    with session(storage.engine) as duck, closing(Validator(duck)) as validator:
        validating = _Validate(storage, connection, suite, duck, validator)
        holding = validating.together(days) if len(days) > 1 else {}
        for day in days:
            for name, found in validating.alone(day, holding.get(day, {})).items():
                yield _result(suite, day, name, found)


def _result(suite: Suite, day: date, name: str, found: Evaluation) -> CheckResult:
    severity = severity_of(suite.entries[name])
    return CheckResult(suite.spec.name, day, name, found.success, severity, found.observed, found.expected)


@dataclass(frozen=True)
class _Validate:
    """Validates days of one table in one session, by what is registered there: some days, then each of them."""

    storage: Storage
    connection: Connection
    suite: Suite
    duck: DuckDBPyConnection
    validator: Validator

    def together(self, days: Sequence[date]) -> dict[date, _Evaluations]:
        """By day, what is found without a look at the day alone; nothing where a day cannot be read.

        That is what holds in every row of the days, and each number of rows that is within its bounds.
        """
        try:
            self._register(days)
            rows = self._rows_by_day()
        except UNREADABLE:
            return {}
        compiled = self._compiled(days[0], self.suite.entries)
        row_by_row = {name: entry for name, entry in compiled.items() if entry.row_by_row}
        results = self._results(row_by_row, self.validator.hold)
        holding = {name: row_by_row[name] for name, found in results.items() if all(one.success for one in found)}
        return {day: _held({**holding, **self._counted(day, rows[day])}, rows[day]) for day in days}

    def _counted(self, day: date, rows: int) -> dict[str, Compiled]:
        """The checks of the number of rows that hold for so many."""
        names = [name for name, entry in self.suite.entries.items() if isinstance(entry, Rows | UsualRows)]
        compiled = self._compiled(day, names)
        return {name: entry for name, entry in compiled.items() if entry.rows and entry.rows.hold(rows)}

    def alone(self, day: date, known: _Evaluations) -> _Evaluations:
        """What all checks find on one day, of which some are known to hold; in the order of the suite."""
        compiled = self._compiled(day, [name for name in self.suite.entries if name not in known])
        try:
            if not known or any(entry.expectations for entry in compiled.values()):
                self._register([day])
        except UNREADABLE as error:
            return dict.fromkeys(self.suite.entries, unreadable(error))
        results = self._results(compiled, self.validator.validate)
        found = {name: self._found(entry, results[name]) for name, entry in compiled.items()}
        return {name: known[name] if name in known else found[name] for name in self.suite.entries}

    def _register(self, days: Sequence[date]) -> None:
        register_days(self.suite.spec, self.storage, self.connection, self.duck, days)

    def _rows_by_day(self) -> Counter[date]:
        counted = f"SELECT day, count(*) FROM {with_days(self.suite.spec)} GROUP BY day"
        return Counter(dict(self.duck.execute(counted).fetchall()))

    def _compiled(self, day: date, names: Iterable[str]) -> dict[str, Compiled]:
        compiler = Compiler(self.suite.spec, History(self.connection, self.suite.spec.name, day))
        return {name: compiler.compile(name, self.suite.entries[name]) for name in names}

    def _results(self, compiled: Mapping[str, Compiled], ask: _Ask) -> dict[str, list[Any]]:
        """By check, what Great Expectations found on what is registered."""
        found: dict[str, list[Any]] = {name: [] for name in compiled}
        for query, expectations in self._asked(compiled.values()).items():
            for result in ask(query, expectations):
                found[result.expectation_config.meta[ENTRY]].append(result)
        return found

    def _asked(self, compiled: Iterable[Compiled]) -> dict[str, list[Expectation]]:
        """By query, what is expected of its rows: of those of the table, or of the one row of an own query."""
        of_rows = f"SELECT * FROM {with_days(self.suite.spec)}"
        asked: dict[str, list[Expectation]] = {}
        for entry in compiled:
            if entry.expectations:
                asked.setdefault(entry.query or of_rows, []).extend(entry.expectations)
        return asked

    def _found(self, entry: Compiled, results: Sequence[Any]) -> Evaluation:
        success = all(result.success for result in results)
        return Evaluation(success, observed(results, self.suite.spec), entry.expected)


def _held(compiled: Mapping[str, Compiled], rows: int) -> _Evaluations:
    return {
        name: Evaluation(
            success=True, observed=held(entry.expectations[0].configuration.type, rows), expected=entry.expected
        )
        for name, entry in compiled.items()
    }
