"""Reads what counts against limits from the rollups: by day once for each table, and each way to restrict."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.limits.limit_file import EACH, Scope
from usage_pipeline.limits.limited import COST, CREDITS, SCOPED
from usage_pipeline.limits.status import NOTHING_USED, ScopeValues, TenantLimit, Usage, Used
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.registry import CONVERSATIONS, RECORD_METRIC_NAMES
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import damage_named, execute_parsed, session, undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import TableSpec, columns


@dataclass(frozen=True)
class Shape:
    """The dimensions by which limits are restricted: to each value for itself, or to a named one."""

    each: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A rollup, and the metrics that limits take from it, by the column that has each."""

    spec: TableSpec
    metrics: Mapping[str, str]

    def days(self, metrics: Collection[str], shape: Shape) -> SqlFile:
        """The SELECT of the days of limits of one shape on some of the metrics."""
        limited = tuple((name, column) for name, column in self.metrics.items() if name in metrics)
        shaped = {"scoped": SCOPED, "each": shape.each, "named": shape.named}
        return SqlFile.beside(__file__, "limit_days", source=self.spec.name, limited=limited, **shaped)


SOURCES = (
    Source(DAILY_USAGE.spec, {name: name for name in RECORD_METRIC_NAMES}),
    Source(CONVERSATION_STARTS.spec, {CONVERSATIONS.name: CONVERSATIONS.name}),
    Source(DAILY_COSTS.spec, {COST: "amount"}),
    Source(CREDIT_USAGE.spec, {CREDITS: "credits"}),
)
TABLES_OF = {metric: source.spec.name for source in SOURCES for metric in source.metrics}
"""The rollup that each metric is taken from."""
LIMIT_USAGE = SqlFile.beside(__file__, "limit_usage", scoped=SCOPED)
FIRST_DAYS_OVER = SqlFile.beside(__file__, "first_days_over", scoped=SCOPED)

LIMIT_ROWS = columns(
    ("number", "BIGINT", "Its place among the limits that are asked for."),
    ("tenant_id", "VARCHAR", "Tenant."),
    *((name, "VARCHAR", "The value, * for each; null without a restriction.") for name in SCOPED),
    ("metric", "VARCHAR", "Metric."),
    ("amount", "DECIMAL(38,12)", "The amount that may be used."),
    ("least", "DECIMAL(38,12)", "The least use that is of interest; null if all is."),
    ("first_day", "DATE", "First day that counts."),
    (
        "read_from",
        "DATE",
        "The same, or of a limit that rolls so many days before it that it can be told when it was passed.",
    ),
    ("rolling_days", "BIGINT", "The days of a limit that rolls."),
    ("last_day", "DATE", "Last day that counts."),
)


@undisturbed
def read_usage(storage: Storage, limits: Sequence[TenantLimit], last_day: date) -> Sequence[Usage]:
    """Return the use of each limit in its period up to a day, in their order, where it is of interest.

    Only days of the periods are read, and of limits that roll as many before them. Raises PartitionError where the
    rows of a computed day are gone.
    """
    found: list[dict[ScopeValues, Used]] = [
        {values: NOTHING_USED} if limit.least is None and (values := limit.fixed_values) else {}
        for limit in limits
    ]
    for source in SOURCES:
        asked = {number: limit for number, limit in enumerate(limits) if limit.metric in source.metrics}
        for number, values, used in _sums(storage, source, asked, last_day):
            found[number][values] = used
    return found


def _sums(
    storage: Storage, source: Source, limits: Mapping[int, TenantLimit], last_day: date
) -> Iterator[tuple[int, ScopeValues, Used]]:
    begun = {number: limit for number, limit in limits.items() if limit.days.first <= last_day}
    if not begun:
        return
    scanned = scan(storage, source.spec, days_between(min(map(_read_from, begun.values())), last_day))
    by_shape: defaultdict[Shape, dict[int, TenantLimit]] = defaultdict(dict)
    for number, limit in begun.items():
        by_shape[_shape(limit.scope)][number] = limit
    with session(storage.engine) as duck, damage_named():
        duck.execute(f'CREATE TEMP VIEW "{source.spec.name}" AS {scanned}')
        for shape, shaped in by_shape.items():
            register_rows(duck, "limits", LIMIT_ROWS, [_row(*item, last_day) for item in shaped.items()])
            days = source.days({limit.metric for limit in shaped.values()}, shape).text
            execute_parsed(duck, f"CREATE OR REPLACE TEMP TABLE limit_days AS {days}")
            yield from _sums_of_days(duck)


def _sums_of_days(duck: DuckDBPyConnection) -> Iterator[tuple[int, ScopeValues, Used]]:
    """Yield the sums of `limit_days`. When an amount was passed is looked for only where one was."""
    found = [
        ((number, tuple(values)), used, unknown, is_over)
        for number, *values, used, unknown, is_over in execute_parsed(duck, LIMIT_USAGE.text).fetchall()
    ]
    since = {}
    if any(is_over for *_, is_over in found):
        rows = execute_parsed(duck, FIRST_DAYS_OVER.text).fetchall()
        since = {(number, tuple(values)): first_day_over for number, *values, first_day_over in rows}
    for key, used, unknown, _ in found:
        yield *key, Used(used, since.get(key), incomplete=bool(unknown))


def _shape(scope: Scope) -> Shape:
    written = scope.values
    each = tuple(name for name, value in written.items() if value == EACH)
    return Shape(each, tuple(name for name in written if name not in each))


def _row(number: int, limit: TenantLimit, last_day: date) -> tuple[object, ...]:
    scope = (getattr(limit.scope, name) for name in SCOPED)
    days = (limit.days.first, _read_from(limit), limit.limit.period.days or None, min(limit.days.last, last_day))
    return (number, limit.tenant_id, *scope, limit.metric, limit.limit.amount, limit.least, *days)


def _read_from(limit: TenantLimit) -> date:
    return limit.days.first - timedelta(days=limit.limit.period.days)
