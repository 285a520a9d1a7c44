"""Reads what a decision about a request depends on: the limits that apply to it, and the credits that are left."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.balance import read_balance
from usage_pipeline.billing.ledger.posting import whole_second
from usage_pipeline.limits.applied import apply_limits, limits_of_day
from usage_pipeline.limits.decisions import BLOCK, Decision, Request, decide
from usage_pipeline.limits.read_status import as_of_instant, measure
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants


def check(storage: Storage, request: Request) -> tuple[Decision, datetime]:
    """Decide about a request now, and return the instant too.

    Raises ReferenceFileError for a broken file, and PartitionError if the rows of a computed day are gone.
    """
    now = whole_second(storage.settings.clock.now)
    available = _available(storage, request.tenant_id, now) if request.needs_credits else None
    return decide(request, _limits_of(storage, request, now), available), now


def _available(storage: Storage, tenant_id: str, now: datetime) -> Decimal | None:
    tenants = load_tenants(storage.settings)
    if tenants.plans[tenants.plan_of(tenant_id, now.date())].overage == "allow":
        return None
    return read_balance(storage, tenant_id, now).totals.left


def _limits_of(storage: Storage, request: Request, now: datetime) -> list[LimitStatus]:
    as_of = as_of_instant(storage, now)
    blocking = [limit for limit in limits_of_day(storage, as_of) if limit.action == BLOCK]
    found = apply_limits(storage, blocking, as_of, request.tenant_id)
    scopes = [(limit, request.scope_of(limit.limit)) for limit in found]
    return measure(storage, [replace(limit, scope=scope) for limit, scope in scopes if scope is not None], as_of)
