"""Validates days of a table by its suite, and keeps what was found."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.batches import register_days
from usage_pipeline.validation.history import History
from usage_pipeline.validation.observed import observed
from usage_pipeline.validation.results import CheckResult, Examination, keep_results
from usage_pipeline.validation.suite import ENTRY
from usage_pipeline.validation.suite_files import Suite, severity_of

if TYPE_CHECKING:
    from usage_pipeline.validation.expectations import Compiled
    from usage_pipeline.validation.great_expectations_duckdb import Validator

EXAMINER = "suite"


def validate_days(storage: Storage, suite: Suite, days: Iterable[date], run: str) -> list[CheckResult]:
    """Judge each day by every entry of the suite, and keep the results day by day.

    A check that fails, or that cannot be computed, is a result; nothing is raised for it.
    """
    results = []
    with storage.warehouse.connect() as connection:
        for day in days:
            found = _validate(storage, connection, suite, day)
            examination = Examination(EXAMINER, run, storage.settings.clock())
            keep_results(connection, suite.spec.name, [day], found, examination)
            connection.commit()
            results += found
    return results


def _validate(storage: Storage, connection: Connection, suite: Suite, day: date) -> list[CheckResult]:
    with warnings.catch_warnings():
        # It imports a module that Python has deprecated, and takes seconds: nothing else here may import it.
        warnings.simplefilter("ignore", DeprecationWarning)
        from usage_pipeline.validation.expectations import Compiler  # noqa: PLC0415
        from usage_pipeline.validation.great_expectations_duckdb import Validator  # noqa: PLC0415

    compiler = Compiler(suite.spec, History(connection, suite.spec.name, day))
    compiled = {name: compiler.compile(name, entry) for name, entry in suite.entries.items()}
    with session(storage.engine) as duck:
        register_days(suite.spec, storage, connection, duck, [day])
        with closing(Validator(duck)) as validator:
            return _judge(suite, day, compiled, validator)


def _judge(suite: Suite, day: date, compiled: "dict[str, Compiled]", validator: "Validator") -> list[CheckResult]:
    found: dict[str, list[Any]] = {name: [] for name in compiled}
    for query, names in _queries(suite, day, compiled):
        expectations = [expectation for name in names for expectation in compiled[name].expectations]
        for result in validator.validate(" ".join(names), query, expectations):
            found[result.expectation_config.meta[ENTRY]].append(result)
    return [_result(suite, day, name, entry.expected, found[name]) for name, entry in compiled.items()]


def _queries(suite: Suite, day: date, compiled: "dict[str, Compiled]") -> Iterator[tuple[str, list[str]]]:
    """The batches of a day, each with the checks that are judged on it: the rows, then every query of its own."""
    of_rows = [name for name, entry in compiled.items() if entry.query is None]
    if of_rows:
        yield f"SELECT *, DATE '{day}' AS day FROM \"{suite.spec.name}\"", of_rows
    yield from ((entry.query, [name]) for name, entry in compiled.items() if entry.query is not None)


def _result(suite: Suite, day: date, name: str, expected: str, found: Sequence[Any]) -> CheckResult:
    return CheckResult(
        table_name=suite.spec.name,
        day=day,
        check_name=name,
        success=all(result.success for result in found),
        severity=severity_of(suite.entries[name]),
        observed=observed(found, suite.spec),
        expected=expected,
    )
