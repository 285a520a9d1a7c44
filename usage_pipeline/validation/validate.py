"""Validates days of a table by its suite, and keeps what was found."""

import warnings
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.storage.batches import batches_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.results import (
    NOT_COMPUTED,
    CheckResult,
    CheckRun,
    computed_days,
    keep_results,
    nothing_compared,
    result_of,
)
from usage_pipeline.validation.suite_files import Suite

CHECKED_BY = "suite"


def validate_days(storage: Storage, suite: Suite, days: Collection[date], run: str) -> list[CheckResult]:
    """Validate each day by every entry of the suite, batch by batch, and keep the results of each day.

    A check that fails, or that cannot be computed because rows are gone, is a result; nothing is raised for it.
    """
    results = []
    with storage.warehouse.connect() as connection:
        for batch in batches_of(suite.spec, storage, days):
            found = _validate(storage, connection, suite, batch)
            check_run = CheckRun(CHECKED_BY, run, storage.settings.clock.now)
            keep_results(connection, suite.spec.name, batch, found, check_run)
            connection.commit()
            results += found
    return results


def _validate(storage: Storage, connection: Connection, suite: Suite, days: Sequence[date]) -> list[CheckResult]:
    with warnings.catch_warnings():
        # It imports a module that Python has deprecated, and takes seconds: nothing else here may import it.
        warnings.simplefilter("ignore", DeprecationWarning)
        from usage_pipeline.validation.suite_evaluation import validate  # noqa: PLC0415

    there = computed_days(connection, [suite.spec.name], days)[suite.spec.name]
    missing = nothing_compared(NOT_COMPUTED, "")
    return [
        *validate(storage, connection, suite, there),
        *(result_of(check, day, missing) for day in days if day not in there for check in suite.checks),
    ]
