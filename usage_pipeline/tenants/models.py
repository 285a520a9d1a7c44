"""Tenants, their plans and the retention of their records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from usage_pipeline.storage.tables import Term

_FIRST_OF_MONTH = 1


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def quoted(value: object) -> object:
    """Refuse a number that is not in quotes, because YAML would read 0.1 as a float."""
    if not isinstance(value, str):
        raise ValueError('expected a decimal number in quotes, such as "99.50"')  # noqa: TRY004 - pydantic's way
    if "_" in value or not value.isascii():
        raise ValueError('expected a decimal number in plain digits, such as "99.50"')
    return value


Amount = Annotated[Decimal, BeforeValidator(quoted), Field(ge=0, allow_inf_nan=False)]
"""Money or credits, in quotes."""

Credits = Annotated[Amount, Field(lt=10**15, decimal_places=12)]
"""Credits of a plan, few enough to be exact with all their decimals."""


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError("expected a currency of three capital letters, such as USD")
    return code


class Rollover(_Entry):
    """The bounds of the unused credits that are carried over."""

    min: Credits
    max: Credits

    @model_validator(mode="after")
    def _in_order(self) -> "Rollover":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}; correct one of them")
        return self


class Money(_Entry):
    """An amount in a currency."""

    amount: Annotated[Amount, Field(lt=10**15)]
    currency: Annotated[str, AfterValidator(_currency)]


class Plan(_Entry):
    """The terms of a tenant. A `price` stands in statements and recommendations; nothing charges it."""

    retention_days: int | None = Field(ge=1, strict=True)
    """Days that records are kept after they happened; None for no limit."""
    content_retention_days: int | None = Field(30, ge=1, strict=True)
    """The same for texts and landing files; no text is kept longer than its record."""
    monthly_credits: Credits = Decimal(0)
    rollover: Rollover | None = None
    overage: Literal["deny", "allow"] = "deny"
    """Whether prompts may use more credits than are left; what was used all the same counts."""
    late_usage: Literal["restate", "next_period"] = "restate"
    price: Money | None = None


class PlanPeriod(_Entry):
    """The first day of a tenant on a plan."""

    from_: date = Field(alias="from")
    plan: str


class LegalHold(_Entry):
    """A stop on deleting data of a tenant, with reason, person and first day."""

    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    since: date


class Tenant(_Entry):
    """A customer of the platform."""

    name: str | None = None
    plans: tuple[PlanPeriod, ...] = ()
    billing_anchor_day: int = Field(_FIRST_OF_MONTH, ge=1, le=31, strict=True)
    time_zone: str = "UTC"
    """Of quiet hours and of what is shown by the hour; days and periods are UTC."""
    contacts: tuple[str, ...] = ()
    """Addresses for what channels send to `tenant_contacts`."""
    legal_hold: LegalHold | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("expected a time zone such as Europe/Berlin") from None
        return zone

    @field_validator("plans")
    @classmethod
    def _one_plan_a_day(cls, plans: tuple[PlanPeriod, ...]) -> tuple[PlanPeriod, ...]:
        starts = [period.from_ for period in plans]
        if len(set(starts)) < len(starts):
            raise ValueError("two plans start on the same day")
        return tuple(sorted(plans, key=lambda period: period.from_))

    def plan_on(self, day: date) -> str | None:
        """Return the plan that started last by this day; None before the first plan."""
        started = [period.plan for period in self.plans if period.from_ <= day]
        return started[-1] if started else None


@dataclass(frozen=True)
class Tenants:
    """All tenants and plans of a deployment."""

    plans: Mapping[str, Plan]
    default_plan: str
    by_id: Mapping[str, Tenant]

    def plan_of(self, tenant_id: str, day: date) -> str:
        """Return the plan in force: the default plan for unknown tenants and before a tenant's first plan."""
        tenant = self.by_id.get(tenant_id)
        return (tenant.plan_on(day) if tenant else None) or self.default_plan

    def anchor_day_of(self, tenant_id: str) -> int:
        """Return the day of the month on which billing periods begin: the first for unknown tenants."""
        tenant = self.by_id.get(tenant_id)
        return tenant.billing_anchor_day if tenant else _FIRST_OF_MONTH

    def retention_start(self, tenant_id: str, day: date) -> date | None:
        """Return the first event day that is still kept on this day; None if all are kept."""
        return self.first_kept(Term.RECORDS, self.plan_of(tenant_id, day), day)

    def default_retention_start(self, day: date) -> date | None:
        """Return the same for an unknown tenant."""
        return self.first_kept(Term.RECORDS, self.default_plan, day)

    def first_kept(self, term: Term, plan: str, day: date) -> date | None:
        """Return the first day that a plan still keeps on this day by a term; None if all are kept."""
        terms = self.plans[plan]
        days = {Term.RECORDS: [terms.retention_days], Term.KEPT: []}.get(
            term, [terms.retention_days, terms.content_retention_days]
        )
        limits = [limit for limit in days if limit is not None]
        return day - timedelta(days=min(*limits, (day - date.min).days)) if limits else None
