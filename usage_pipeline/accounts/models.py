"""Tenants, plans, and the one question asked of them so far: how long a tenant's records are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Plan(BaseModel):
    """What a tenant gets. Fields that this version does not use yet are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    retention_days: int | None = Field(ge=1)
    """Days that records are kept after they happened; None for no limit."""


class PlanPeriod(BaseModel):
    """From which day a tenant is on which plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: date = Field(alias="from")
    plan: str


class Tenant(BaseModel):
    """A customer of the platform. Fields that this version does not use yet are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str | None = None
    plans: tuple[PlanPeriod, ...] = ()

    @field_validator("plans")
    @classmethod
    def _one_plan_a_day(cls, plans: tuple[PlanPeriod, ...]) -> tuple[PlanPeriod, ...]:
        starts = [period.from_ for period in plans]
        if len(set(starts)) < len(starts):
            raise ValueError("two plans start on the same day")
        return tuple(sorted(plans, key=lambda period: period.from_))

    def plan_on(self, day: date) -> str | None:
        """The last plan that has started on the day, if any."""
        started = [period.plan for period in self.plans if period.from_ <= day]
        return started[-1] if started else None


@dataclass(frozen=True)
class Accounts:
    """All tenants and plans of a deployment."""

    plans: Mapping[str, Plan]
    default_plan: str
    tenants: Mapping[str, Tenant]

    def plan_of(self, tenant_id: str, day: date) -> str:
        """The plan in force; the default plan for unknown tenants and before a tenant's first plan."""
        tenant = self.tenants.get(tenant_id)
        return (tenant.plan_on(day) if tenant else None) or self.default_plan

    def retention_start(self, tenant_id: str, day: date) -> date | None:
        """The first event day that is still kept on the day; None where all are."""
        return self._start(self.plan_of(tenant_id, day), day)

    def default_retention_start(self, day: date) -> date | None:
        """The same for a tenant that no file names."""
        return self._start(self.default_plan, day)

    def _start(self, plan: str, day: date) -> date | None:
        days = self.plans[plan].retention_days
        if days is None:
            return None
        return day - timedelta(days=min(days, (day - date.min).days))
