"""The asset checks: suites, tallies and findings, one evaluation each for all days of a run.

Each calls one function of `validation/` and reports what it found; what is known per day is kept there. A run
with the tag `usage_pipeline/suites: off` leaves the suites out, and with them the seconds that they cost.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.errors import SuiteError
from usage_pipeline.orchestration.metadata import SHOWN_ROWS, markdown_table
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.settings import Settings
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS, Check, Severity
from usage_pipeline.validation.suite_files import Suite, load_suites, shipped_suites

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage
    from usage_pipeline.validation.results import CheckResult

SUITES_TAG = "usage_pipeline/suites"
OFF = "off"

_SEVERITY = {Severity.ERROR: dg.AssetCheckSeverity.ERROR, Severity.WARNING: dg.AssetCheckSeverity.WARN}
_COLUMNS = ("Day", "Result", "Observed", "Expected")

Examine = Callable[["Storage", Sequence[Check], Sequence[date], str], "list[CheckResult]"]


def asset_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """All checks of all assets."""
    return [
        _checks("landing_day", LANDING_CHECKS, _examine),
        _checks("event_day", DAY_CHECKS, _examine),
        *(_suite_checks(suite) for suite in _known_suites(settings).values()),
    ]


def _known_suites(settings: Settings) -> dict[str, Suite]:
    """The suites to show. A broken file must not take all definitions down: the run that validates raises it."""
    try:
        return load_suites(settings)
    except SuiteError:
        return shipped_suites()


def _suite_checks(suite: Suite) -> dg.AssetChecksDefinition:
    def validate(storage: "Storage", _: Sequence[Check], days: Sequence[date], run: str) -> "list[CheckResult]":
        from usage_pipeline.validation.checking import validate_days  # noqa: PLC0415 - slow to import

        return validate_days(storage, load_suites(storage.settings)[suite.spec.name], days, run)

    return _checks(f"{suite.spec.name}_suite", suite.checks, validate, can_be_off=True)


def _examine(storage: "Storage", wanted: Sequence[Check], days: Sequence[date], run: str) -> "list[CheckResult]":
    from usage_pipeline.validation.checking import check_days  # noqa: PLC0415 - slow to import

    return check_days(storage, wanted, days, run)


def _checks(
    name: str, checks: Sequence[Check], examine: Examine, *, can_be_off: bool = False
) -> dg.AssetChecksDefinition:
    by_key = {dg.AssetCheckKey(dg.AssetKey(check.table), check.name): check for check in checks}

    @dg.multi_asset_check(
        name=f"{name}_checks",
        specs=[
            dg.AssetCheckSpec(check.name, asset=check.table, description=check.description) for check in checks
        ],
        can_subset=True,
    )
    def look(context: dg.AssetCheckExecutionContext, run_storage: StorageParam) -> Iterator[dg.AssetCheckResult]:
        if can_be_off and context.run.tags.get(SUITES_TAG) == OFF:
            context.log.info("The suites are off in this run.")
            return
        wanted = [check for key, check in by_key.items() if key in context.selected_asset_check_keys]
        tables = {check.table for check in wanted}
        days = _days(context, run_storage, tables)
        # All of a table together, because together they take the place of what was found before.
        looked_at = [check for check in checks if check.table in tables]
        results = examine(run_storage, looked_at, days, context.run.run_id)
        for check in wanted:
            yield _evaluation(check, [result for result in results if _is_of(result, check)])

    return look


def _days(context: dg.AssetCheckExecutionContext, storage: "Storage", tables: Collection[str]) -> list[date]:
    """The days of the run; of a check that is run by itself, the newest day of its tables."""
    if context.has_partition_key or context.has_partition_key_range:
        return [date.fromisoformat(key) for key in context.partition_keys]
    from usage_pipeline.validation.checking import newest_days  # noqa: PLC0415 - slow to import

    return newest_days(storage, tables)


def _is_of(result: "CheckResult", check: Check) -> bool:
    return (result.table_name, result.check_name) == check.key


def _evaluation(check: Check, results: Sequence["CheckResult"]) -> dg.AssetCheckResult:
    """One evaluation for all days: it passes when all of them do, and shows those that do not first."""
    worst_first = sorted(results, key=lambda result: (result.success, result.day))
    shown = worst_first[0] if worst_first else None
    failed = sum(not result.success for result in results)
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=dg.AssetKey(check.table),
        check_name=check.name,
        severity=_SEVERITY[check.severity],
        description=f"{failed} of {len(results)} days failed" if len(results) > 1 else None,
        metadata={
            "observed": shown.observed if shown else "no day was looked at",
            "expected": shown.expected if shown else "",
            "days": dg.MetadataValue.md(markdown_table(_COLUMNS, [*map(_row, worst_first)], SHOWN_ROWS)),
        },
    )


def _row(result: "CheckResult") -> tuple[str, ...]:
    return str(result.day), result.outcome, result.observed, result.expected
