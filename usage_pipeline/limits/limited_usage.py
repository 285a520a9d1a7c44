"""Reads what counts against limits from the rollups: one statement for each table that has some of the metrics."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.limits.limit_file import COST, CREDITS, SCOPED
from usage_pipeline.limits.status import NOTHING_USED, ScopeValues, TenantLimit, Used
from usage_pipeline.metrics.rollups import damage_named, scan
from usage_pipeline.registry import CONVERSATIONS, RECORD_METRIC_NAMES
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import session, undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import TableSpec, columns


@dataclass(frozen=True)
class Source:
    """A rollup, and the metrics that limits take from it, by the column that has each."""

    spec: TableSpec
    metrics: Mapping[str, str]

    def select(self, metrics: Sequence[str]) -> SqlFile:
        """The SELECT for some of the metrics."""
        limited = tuple((name, self.metrics[name]) for name in metrics)
        return SqlFile.beside(__file__, "limit_usage", source=self.spec.name, scoped=SCOPED, limited=limited)


SOURCES = (
    Source(DAILY_USAGE.spec, {name: name for name in RECORD_METRIC_NAMES}),
    Source(CONVERSATION_STARTS.spec, {CONVERSATIONS.name: CONVERSATIONS.name}),
    Source(DAILY_COSTS.spec, {COST: "amount"}),
    Source(CREDIT_USAGE.spec, {CREDITS: "credits"}),
)

LIMIT_ROWS = columns(
    ("number", "BIGINT", "Its place among the limits that are asked for."),
    ("tenant_id", "VARCHAR", "Tenant."),
    *((name, "VARCHAR", "The value, * for each; null without a restriction.") for name in SCOPED),
    ("metric", "VARCHAR", "Metric."),
    ("amount", "DECIMAL(38,12)", "The amount that may be used."),
    ("first_day", "DATE", "First day that counts."),
    ("last_day", "DATE", "Last day that counts."),
)

Usage = Mapping[ScopeValues, Used]
"""What was used of a limit, by the values of its scope."""


@undisturbed
def read_usage(storage: Storage, limits: Sequence[TenantLimit], last_day: date) -> list[Usage]:
    """Return the use of each limit in its period up to a day, in their order; only days of the periods are read.

    Raises PartitionError where the rows of a computed day are gone.
    """
    found: defaultdict[int, dict[ScopeValues, Used]] = defaultdict(dict)
    for source in SOURCES:
        asked = {number: limit for number, limit in enumerate(limits) if limit.metric in source.metrics}
        for number, values, used in _sums(storage, source, asked, last_day):
            found[number][values] = used
    return [
        {limit.fixed_values: NOTHING_USED, **found[number]} if limit.fixed_values else found[number]
        for number, limit in enumerate(limits)
    ]


def _sums(
    storage: Storage, source: Source, limits: Mapping[int, TenantLimit], last_day: date
) -> Iterator[tuple[int, ScopeValues, Used]]:
    rows = [_row(number, limit, last_day) for number, limit in limits.items() if limit.days.first <= last_day]
    if not rows:
        return
    first = min(limit.days.first for limit in limits.values())
    metrics = [name for name in source.metrics if any(limit.metric == name for limit in limits.values())]
    scanned = scan(storage, source.spec, days_between(first, last_day))
    with session(storage.engine) as duck, damage_named():
        register_rows(duck, "limits", LIMIT_ROWS, rows)
        duck.execute(f'CREATE TEMP VIEW "{source.spec.name}" AS {scanned}')
        found = duck.execute(source.select(metrics).text).fetchall()
    for number, *values, used, first_day_over, unknown in found:
        yield number, tuple(values), Used(Decimal(used), first_day_over, incomplete=bool(unknown))


def _row(number: int, limit: TenantLimit, last_day: date) -> tuple[object, ...]:
    scope = (getattr(limit.scope, name) for name in SCOPED)
    last = min(limit.days.last, last_day)
    return (number, limit.tenant_id, *scope, limit.metric, limit.limit.amount, limit.days.first, last)
