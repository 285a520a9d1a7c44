"""The asset checks: suites, tallies and findings, with an evaluation for each day of a run.

Each calls one function of `validation/` and reports its results; they are kept there, by day. A day with nothing
to compare has no evaluation. The UI shows a check by its last evaluation, so that of a day that fails comes last,
also when only other days were evaluated. A run with the tag `usage_pipeline/suites: off` leaves the suites out,
and with them the seconds that they cost.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.errors import SuiteError
from usage_pipeline.orchestration.dagster_internals import PRIORITY_TAG, log_evaluations, partitioned_check
from usage_pipeline.orchestration.metadata import table_value
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.settings import Settings
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS, Check, Severity
from usage_pipeline.validation.suite_files import Suite, load_suites, shipped_suites

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage
    from usage_pipeline.validation.results import CheckResult, Detail

SUITES_TAG = "usage_pipeline/suites"
OFF = "off"

_SEVERITY = {Severity.ERROR: dg.AssetCheckSeverity.ERROR, Severity.WARNING: dg.AssetCheckSeverity.WARN}

Examine = Callable[["Storage", Sequence[Check], Sequence[date], str], "list[CheckResult]"]


def asset_checks(settings: Settings, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetChecksDefinition]:
    """All checks of all daily assets."""
    return [
        _checks("landing_day", LANDING_CHECKS, _examine, partitions),
        _checks("event_day", DAY_CHECKS, _examine, partitions),
        *(_suite_checks(suite, partitions) for suite in _known_suites(settings).values()),
    ]


def _known_suites(settings: Settings) -> dict[str, Suite]:
    """The suites to show. A broken file must not take all definitions down: the run that validates raises it."""
    try:
        return load_suites(settings)
    except SuiteError:
        return shipped_suites()


def _suite_checks(suite: Suite, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    def validate(storage: "Storage", _: Sequence[Check], days: Sequence[date], run: str) -> "list[CheckResult]":
        from usage_pipeline.validation.checking import validate_days  # noqa: PLC0415 - slow to import

        return validate_days(storage, load_suites(storage.settings)[suite.spec.name], days, run)

    return _checks(f"{suite.spec.name}_suite", suite.checks, validate, partitions, can_be_off=True)


def _examine(storage: "Storage", wanted: Sequence[Check], days: Sequence[date], run: str) -> "list[CheckResult]":
    from usage_pipeline.validation.checking import check_days  # noqa: PLC0415 - slow to import

    return check_days(storage, wanted, days, run)


def _checks(
    name: str,
    checks: Sequence[Check],
    examine: Examine,
    partitions: dg.PartitionsDefinition[str],
    *,
    can_be_off: bool = False,
) -> dg.AssetChecksDefinition:
    # What takes seconds to import waits until everything else in the run is done.
    priority = {PRIORITY_TAG: "-1"} if can_be_off else {}

    by_key = {dg.AssetCheckKey(dg.AssetKey(check.table), check.name): check for check in checks}

    @dg.multi_asset_check(
        name=f"{name}_checks",
        specs=[partitioned_check(check.name, check.table, check.description, partitions) for check in checks],
        can_subset=True,
        op_tags=priority,
    )
    def look(context: dg.AssetCheckExecutionContext, run_storage: StorageParam) -> Iterator[dg.AssetCheckResult]:
        if can_be_off and context.run.tags.get(SUITES_TAG) == OFF:
            context.log.info("The suites are off in this run.")
            return
        wanted = [check for key, check in by_key.items() if key in context.selected_asset_check_keys]
        tables = {check.table for check in wanted}
        # All of a table together, because together they take the place of what was found before.
        together = [check for check in checks if check.table in tables]
        failed_before = _failures(run_storage, tables)
        results = examine(run_storage, together, _days(context, run_storage, tables), context.run.run_id)
        log_evaluations(
            context, list(_evaluations(wanted, results, failed_before, _failures(run_storage, tables)))
        )
        # Dagster takes a function that may return results for one that has to: without a `yield` it wants one.
        yield from ()

    return look


def _failures(storage: "Storage", tables: Collection[str]) -> "list[CheckResult]":
    from usage_pipeline.validation.results import read_failures  # noqa: PLC0415 - slow to import

    with storage.warehouse.connect() as connection:
        return read_failures(connection, tables)


def _days(context: dg.AssetCheckExecutionContext, storage: "Storage", tables: Collection[str]) -> list[date]:
    """The days of the run; of a check that is run by itself, the newest day of its tables."""
    if context.has_partition_key or context.has_partition_key_range:
        return [date.fromisoformat(key) for key in context.partition_keys]
    from usage_pipeline.validation.checking import newest_days  # noqa: PLC0415 - slow to import

    return newest_days(storage, tables)


def _evaluations(
    wanted: Iterable[Check],
    results: "Sequence[CheckResult]",
    failed_before: "Sequence[CheckResult]",
    failed_now: "Sequence[CheckResult]",
) -> Iterator[dg.AssetCheckEvaluation]:
    """Of each check those of its days, ordered so that the last one says whether any day fails."""
    repaired = {(result.key, result.day) for result in failed_before}
    for check in wanted:
        own = [result for result in results if result.key == check.key]
        failing = [result for result in failed_now if result.key == check.key]
        shown = [result for result in own if result.evaluated or (result.key, result.day) in repaired]
        shown.sort(key=lambda result: (result.failed, result.day))
        if shown and failing and not shown[-1].failed:
            shown.append(failing[-1])
        yield from (_evaluation(check, result, failing) for result in shown)


def _evaluation(check: Check, result: "CheckResult", failing: "Sequence[CheckResult]") -> dg.AssetCheckEvaluation:
    """The evaluation of a day, with the other days that fail."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(check.table),
        check_name=check.name,
        partition=str(result.day),
        passed=not result.failed,
        severity=_SEVERITY[check.severity],
        description=f"{result.day}: {result.observed}",
        metadata={
            "observed": result.observed,
            "expected": result.expected,
            **result.numbers,
            **({"details": table_value(result.details)} if result.details else {}),
            "days_failing": len(failing),
            **({"failing": table_value([_failing_day(other) for other in failing])} if failing else {}),
        },
    )


def _failing_day(result: "CheckResult") -> "Detail":
    return {"day": str(result.day), "result": result.outcome.value, "observed": result.observed}
