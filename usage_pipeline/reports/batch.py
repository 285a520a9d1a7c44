"""Asks the query layer once for many tenants whose reports have the same period and filters."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.metrics.answers import Row, known_days, statuses_of
from usage_pipeline.metrics.queries import Query, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.reports.model import Table
from usage_pipeline.reports.scope import Filters, ReportPeriod, ReportScope
from usage_pipeline.series.status import DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

USAGE_TABLES = (DAILY_USAGE.name, CONVERSATION_STARTS.name)
CREDIT_TABLES = (CREDIT_USAGE.name,)
COST_TABLES = (DAILY_COSTS.name,)
NUMBERS = (*USAGE_TABLES, *CREDIT_TABLES, *COST_TABLES)
"""The tables that the totals and days of a report are from."""

TenantId = str | None
"""A tenant, or None for all of them together."""

Tables = Mapping[TenantId, Sequence[Table]]
"""The tables of each report of a batch."""


@dataclass(frozen=True)
class Batch:
    """Reports of tenants with the same period and filters; without tenants, one report of all together."""

    storage: Storage
    period: ReportPeriod
    filters: Filters = ()
    tenant_ids: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[TenantId, ...]:
        """What the reports are about, in order."""
        return self.tenant_ids or (None,)

    def scope(self, tenant_id: TenantId) -> ReportScope:
        """Return the scope of one report."""
        return ReportScope(self.period, tenant_id, self.filters)

    @cached_property
    def statuses(self) -> Mapping[date, DayStatus]:
        """The status of each day of the period; one that lacks some of its numbers is missing."""
        return statuses_of(self.storage, self.period.each_day, *NUMBERS)

    def known(self, tables: Collection[str], period: ReportPeriod | None = None) -> set[date]:
        """Return the days that have numbers in all of these tables."""
        return set(known_days(statuses_of(self.storage, (period or self.period).each_day, *tables)))

    @property
    def has_known_days(self) -> bool:
        """Whether at least one day is not missing."""
        return bool(known_days(self.statuses))

    @cached_property
    def tenants(self) -> Tenants:
        """The tenants as `tenants.yaml` and `plans.yaml` have them."""
        return load_tenants(self.storage.settings)

    def ask(
        self,
        make: Callable[..., Query],
        groups: Sequence[str],
        metrics: Sequence[str],
        period: ReportPeriod | None = None,
        **more: Any,  # noqa: ANN401 - further words of the query
    ) -> Mapping[TenantId, list[Row]]:
        """Return the rows of each tenant, by groups, without those of missing days."""
        asked = period or self.period
        of_each = ("tenant",) if self.tenant_ids else ()
        chosen = (("tenant", self.tenant_ids),) if self.tenant_ids else ()
        query = make(
            asked.first,
            asked.last,
            (*groups, *of_each),
            (),
            tuple(metrics),
            among=(*self.filters, *chosen),
            **more,
        )
        found: defaultdict[TenantId, list[Row]] = defaultdict(list)
        for row in read(self.storage, query).rows:
            if row[metrics[0]] is not None:
                found[row["tenant"] if self.tenant_ids else None].append(row)
        return found

    def ask_usage(
        self, groups: Sequence[str], metrics: Sequence[str], period: ReportPeriod | None = None
    ) -> Mapping[TenantId, list[Row]]:
        """Return usage and credits by nothing or by day; None as the credits of days that have only usage."""
        rated = self.known(CREDIT_TABLES, period)
        if rated == self.known(USAGE_TABLES, period):
            return self.ask(UsageQuery, groups, (*metrics, "credits"), period)
        found = self.ask(UsageQuery, groups, ("operations", "credits"), period)
        credits_of = {(subject, row.get("day")): row["credits"] for subject in found for row in found[subject]}

        def with_credits(subject: TenantId, row: Row) -> Row:
            day = row.get("day")
            none = Decimal(0) if (day in rated if groups else rated) else None
            return {**row, "credits": credits_of.get((subject, day), none)}

        usage = self.ask(UsageQuery, groups, metrics, period)
        return {subject: [with_credits(subject, row) for row in rows] for subject, rows in usage.items()}

    def ask_by(
        self, make: Callable[..., Query], group: str, metrics: Sequence[str], period: ReportPeriod | None = None
    ) -> Mapping[TenantId, Mapping[Any, Row]]:
        """Return the rows of each tenant by the value of one group."""
        found = self.ask(make, (group,), metrics, period)
        return {tenant_id: {row[group]: row for row in rows} for tenant_id, rows in found.items()}
