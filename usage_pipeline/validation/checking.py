"""Evaluates all checks except the suites, and keeps the results."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from sqlalchemy import Connection

from usage_pipeline.storage import state
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation import checks, cost_findings, findings, tallies
from usage_pipeline.validation.checks import Check
from usage_pipeline.validation.evaluation import evaluated
from usage_pipeline.validation.results import (
    NOT_COMPUTED,
    CheckResult,
    CheckRun,
    Evaluation,
    computed_days,
    keep_results,
    nothing_compared,
    result_of,
)

CHECKED_BY = "tallies"

_Evaluate = Callable[[Storage, Connection, Sequence[date]], Mapping[date, Evaluation]]

_EVALUATIONS: Mapping[Check, _Evaluate] = {
    checks.LINES_ADD_UP: tallies.lines_add_up,
    checks.FILES_ARE_USABLE: findings.files_are_usable,
    checks.LINES_ARE_ACCOUNTED_FOR: tallies.lines_are_accounted_for,
    checks.IDS_ARE_OF_ONE_DAY: findings.ids_are_of_one_day,
    checks.VOIDS_HAVE_TARGETS: findings.voids_have_targets,
    checks.METERED_ONCE: findings.metered_once,
    checks.COSTS_ADD_UP: cost_findings.costs_add_up,
    checks.TOKENS_ARE_PRICED: cost_findings.tokens_are_priced,
    checks.REPORTED_COSTS_ARE_PLAUSIBLE: cost_findings.reported_costs_are_plausible,
}


def check_days(storage: Storage, wanted: Collection[Check], days: Collection[date], run: str) -> list[CheckResult]:
    """Evaluate at the days by these checks, batch by batch, and keep the results of each day.

    A check that fails, or cannot look because something is gone, is a result; nothing is raised for it.
    """
    results = []
    with storage.warehouse.connect() as connection:
        for batch in batches(storage, days):
            found = [*_evaluate(storage, connection, wanted, batch)]
            check_run = CheckRun(CHECKED_BY, run, storage.settings.clock.now)
            for table in sorted({check.table for check in wanted}):
                of_table = [result for result in found if result.table_name == table]
                keep_results(connection, table, batch, of_table, check_run)
            connection.commit()
            results += found
    return results


def newest_days(storage: Storage, tables: Collection[str]) -> list[date]:
    """The newest day that any of these tables has, if there is one."""
    with storage.warehouse.connect() as connection:
        known = {day for table in tables for day in state.partitions(connection, table)}
    return sorted(known)[-1:]


def _evaluate(
    storage: Storage, connection: Connection, wanted: Collection[Check], days: Sequence[date]
) -> Iterator[CheckResult]:
    there = computed_days(connection, {check.table for check in wanted}, days)
    for check in wanted:
        if check in _EVALUATIONS:
            look = partial(_EVALUATIONS[check], storage, connection)
            yield from _results(check, evaluated(look, there[check.table]))
    compared = {check.table: check for check in wanted if check in checks.TOTALS_CHECKS}
    for table, found in tallies.totals(storage, connection, {name: there[name] for name in compared}).items():
        yield from _results(compared[table], found)
    for check in wanted:
        missing = [day for day in days if day not in there[check.table]]
        yield from _results(check, dict.fromkeys(missing, nothing_compared(NOT_COMPUTED, "")))


def _results(check: Check, found: Mapping[date, Evaluation]) -> Iterator[CheckResult]:
    return (result_of(check, day, evaluation) for day, evaluation in found.items())
