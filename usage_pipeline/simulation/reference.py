"""Writes the reference files of simulated logs: plans, tenants, prices, credit rates and limits."""

import shutil
from pathlib import Path

import yaml

from usage_pipeline.simulation.balances import Terms
from usage_pipeline.simulation.plan import Plan, Tenant
from usage_pipeline.simulation.settings import FIRST_DAY

PRICES = Path(__file__).parent / "prices.yaml"
"""Prices of the models of the simulated platform."""

CREDIT_RATES = Path(__file__).parent / "credit_rates.yaml"
"""Credits of its operations."""

LIMITS = Path(__file__).parent / "limits.yaml"
"""Limits of its tenants."""

_PLANS = {
    "free": ("1000", "0", "deny", "restate", 90, 30, "0"),
    "pro": ("50000", "50000", "allow", "next_period", 365, 90, "99"),
    "archive": ("0", "0", "allow", "restate", None, None, "0"),
}
"""Monthly credits, most credits that roll over, overage, late usage, retention, content retention, price."""


def write_reference(plan: Plan, out: Path) -> None:
    """Write `plans.yaml`, `tenants.yaml`, `prices.yaml`, `credit_rates.yaml` and `limits.yaml`."""
    folder = out / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    plans = {**{name: _plan(*terms) for name, terms in _PLANS.items()}, "default": "free"}
    tenants = {tenant.name: _tenant(tenant) for tenant in plan.tenants}
    for name, content in {"plans": plans, "tenants": tenants}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    for file in (PRICES, CREDIT_RATES, LIMITS):
        shutil.copy(file, folder / file.name)


def credit_terms(plan: str) -> Terms:
    """Return the credits that a plan gives."""
    monthly, rollover, *_ = _PLANS[plan]
    return Terms.of(monthly, "0", rollover)


def _plan(  # noqa: PLR0913, PLR0917 - one argument per term
    credits_: str, rollover: str, overage: str, late: str, days: int | None, content_days: int | None, price: str
) -> dict[str, object]:
    return {
        "monthly_credits": credits_,
        "rollover": {"min": "0", "max": rollover},
        "overage": overage,
        "late_usage": late,
        "retention_days": days,
        "content_retention_days": content_days,
        "price": {"amount": price, "currency": "USD"},
    }


def _tenant(tenant: Tenant) -> dict[str, object]:
    plans = [{"from": str(FIRST_DAY), "plan": tenant.plan}]
    return {"name": tenant.name.title(), "plans": plans, "billing_anchor_day": 1, "time_zone": tenant.zone}
