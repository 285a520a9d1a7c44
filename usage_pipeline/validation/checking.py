"""Runs the checks of days, batch by batch, and keeps the results.

A check that fails, or that cannot read its rows, is a result and raises nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from sqlalchemy import Connection

from usage_pipeline.storage import state
from usage_pipeline.storage.batches import batches, batches_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation import checks, cost_findings, findings, tallies
from usage_pipeline.validation.batches import evaluated
from usage_pipeline.validation.checks import Check
from usage_pipeline.validation.importing import import_great_expectations
from usage_pipeline.validation.results import (
    NOT_COMPUTED,
    CheckResult,
    CheckRun,
    Evaluation,
    computed_days,
    keep_results,
    nothing_compared,
    read_failures,
    result_of,
)
from usage_pipeline.validation.suite_files import Suite

_Evaluate = Callable[[Storage, Connection, Sequence[date]], Mapping[date, Evaluation]]

EVALUATIONS: Mapping[Check, _Evaluate] = {
    checks.LINES_ADD_UP: tallies.lines_add_up,
    checks.FILES_ARE_USABLE: findings.files_are_usable,
    checks.TOTALS_ARE_INPUT_PLUS_OUTPUT: findings.totals_are_input_plus_output,
    checks.LINES_ARE_ACCOUNTED_FOR: tallies.lines_are_accounted_for,
    checks.IDS_ARE_OF_ONE_DAY: findings.ids_are_of_one_day,
    checks.VOIDS_HAVE_TARGETS: findings.voids_have_targets,
    checks.METERED_ONCE: findings.metered_once,
    checks.COSTS_ADD_UP: cost_findings.costs_add_up,
    checks.TOKENS_ARE_PRICED: cost_findings.tokens_are_priced,
    checks.REPORTED_COSTS_ARE_PLAUSIBLE: cost_findings.reported_costs_are_plausible,
}


def check_days(storage: Storage, wanted: Collection[Check], days: Collection[date], run: str) -> list[CheckResult]:
    """Evaluate tallies and findings of the days, and keep the results of each day."""
    check_run = CheckRun("tallies", run, storage.settings.clock.now)
    tables = {check.table for check in wanted}
    evaluate = partial(_evaluate, storage, wanted)
    return _keep(storage, check_run, tables, batches(storage, days), evaluate)


def check_failed_again(storage: Storage, run: str) -> None:
    """Evaluate the tallies and findings of days again of which one has failed, after these were mended."""
    known = {check.key: check for check in (*EVALUATIONS, *checks.TOTALS_CHECKS)}
    with storage.warehouse.connect() as connection:
        failures = read_failures(connection, {check.table for check in known.values()})
    for table in sorted({failure.table_name for failure in failures if failure.key in known}):
        days = {failure.day for failure in failures if failure.table_name == table and failure.key in known}
        check_days(storage, [check for check in known.values() if check.table == table], days, run)


def validate_days(storage: Storage, suite: Suite, days: Collection[date], run: str) -> list[CheckResult]:
    """Validate each day by every entry of the suite, and keep the results of each day."""
    check_run = CheckRun("suite", run, storage.settings.clock.now)
    validate = partial(_validate, storage, suite)
    return _keep(storage, check_run, {suite.spec.name}, batches_of(suite.spec, storage, days), validate)


def newest_days(storage: Storage, tables: Collection[str]) -> list[date]:
    """Return the newest day that any of these tables has, as a list; empty if there is none."""
    with storage.warehouse.connect() as connection:
        known = {day for table in tables for day in state.partitions(connection, table)}
    return sorted(known)[-1:]


def _keep(
    storage: Storage,
    check_run: CheckRun,
    tables: Collection[str],
    day_batches: Iterable[list[date]],
    evaluate: Callable[[Connection, list[date]], Iterator[CheckResult]],
) -> list[CheckResult]:
    results = []
    with storage.warehouse.connect() as connection:
        for days in day_batches:
            found = list(evaluate(connection, days))
            keep_results(connection, tables, days, found, check_run)
            connection.commit()
            results += found
    return results


def _evaluate(
    storage: Storage, wanted: Collection[Check], connection: Connection, days: Sequence[date]
) -> Iterator[CheckResult]:
    there = computed_days(connection, {check.table for check in wanted}, days)
    for check in wanted:
        if check in EVALUATIONS:
            look = partial(EVALUATIONS[check], storage, connection)
            yield from _results(check, evaluated(look, there[check.table]))
    compared = {check.table: check for check in wanted if check in checks.TOTALS_CHECKS}
    for table, found in tallies.totals(storage, connection, {name: there[name] for name in compared}).items():
        yield from _results(compared[table], found)
    for check in wanted:
        missing = [day for day in days if day not in there[check.table]]
        yield from _results(check, dict.fromkeys(missing, nothing_compared(NOT_COMPUTED, "")))


def _results(check: Check, found: Mapping[date, Evaluation]) -> Iterator[CheckResult]:
    return (result_of(check, day, evaluation) for day, evaluation in found.items())


def _validate(
    storage: Storage, suite: Suite, connection: Connection, days: Sequence[date]
) -> Iterator[CheckResult]:
    import_great_expectations()
    from usage_pipeline.validation.suite_evaluation import validate  # noqa: PLC0415

    there = computed_days(connection, [suite.spec.name], days)[suite.spec.name]
    missing = dict.fromkeys((day for day in days if day not in there), nothing_compared(NOT_COMPUTED, ""))
    yield from validate(storage, connection, suite, there)
    for check in suite.checks:
        yield from _results(check, missing)
