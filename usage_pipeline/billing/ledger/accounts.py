"""The accounts of tenants: what plans, grants and acts on grants give them until an instant."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, union

from usage_pipeline.billing.billed_tenants import billed_tenants, expect_billed
from usage_pipeline.billing.calendar import BillingPeriod, by_month, month_before, period_among
from usage_pipeline.billing.ledger.allocations import PlanRun, Terms, plan_runs, resets
from usage_pipeline.billing.ledger.burn_down import FOR_EVER, Account, Grant, Lowering
from usage_pipeline.billing.ledger.entries import NOTHING, EntryKind
from usage_pipeline.billing.ledger.grants import GRANTS, Act, ActKind, read_acts
from usage_pipeline.billing.ledger.tables import CREDIT_GRANTS, CREDIT_TERMS
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of, warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.models import Tenants

closed_periods = warehouse_table(CLOSED_PERIODS)
credit_grants = warehouse_table(CREDIT_GRANTS)
credit_terms = warehouse_table(CREDIT_TERMS)


@dataclass(frozen=True)
class FirstUse:
    """The first day with credits of each tenant, and the first known day of all."""

    by_tenant: Mapping[str, date]
    known: date


@dataclass(frozen=True)
class TenantAccount:
    """A tenant's account, and the days and terms of its allocations."""

    tenant_id: str
    account: Account
    runs: Sequence[PlanRun]
    terms: Mapping[tuple[date, str], Terms]


@dataclass(frozen=True)
class Known:
    """What accounts are made of, besides usage: plans, acts, closed periods by month, and kept terms."""

    tenants: Tenants
    acts: Sequence[Act]
    closed: Mapping[str, Mapping[date, BillingPeriod]]
    pinned: Mapping[str, Mapping[tuple[date, str], Terms]]
    only: str | None = None
    """The tenant that is asked for; all without it."""

    @property
    def digest(self) -> str:
        """Changes when plans, acts or closed periods do."""
        return fingerprint([self.tenants, *self.acts, *sorted(self.closed.items())])

    def count_past(self, now: datetime) -> int:
        """How many instants of acts have come: another number says that a grant has begun or ended."""
        instants = (at for act in self.acts for at in (act.effective_at, act.expires_at) if at is not None)
        return sum(at <= now for at in instants)


def read_known(connection: Connection, tenants: Tenants, only: str | None = None) -> Known:
    """Read what is known of one tenant or of all."""
    asked = None if only is None else [only]
    acts = read_acts(connection, asked)
    return Known(tenants, acts, closed_months_by_tenant(connection, asked), _pinned_terms(connection, asked), only)


def expect_account(storage: Storage, tenant_id: str) -> None:
    """Raise QueryError for a tenant that has neither a plan entry, nor usage, nor credits that it once got."""
    with storage.warehouse.connect() as connection:
        if not read_acts(connection, [tenant_id]) and not _pinned_terms(connection, [tenant_id]):
            expect_billed(storage.settings, connection, tenant_id)


def known_accounts(settings: Settings, connection: Connection) -> frozenset[str]:
    """Return the ids of all tenants that `expect_account` takes."""
    credited = union(select(credit_grants.c.tenant_id), select(credit_terms.c.tenant_id))
    return billed_tenants(settings, connection) | set(connection.execute(credited).scalars())


def make_accounts(known: Known, first_use: FirstUse, until: datetime) -> list[TenantAccount]:
    """Return the accounts of all tenants that have or had plans, grants or usage, or of the one that is asked for.

    Allocations that begin after an instant are left out.
    """
    acts: defaultdict[str, list[Act]] = defaultdict(list)
    for act in known.acts:
        acts[act.tenant_id].append(act)
    names = sorted({*known.tenants.by_id, *first_use.by_tenant, *acts, *known.pinned} - {ERASED_TENANT})
    return [
        _account(known, name, acts[name], _runs(known, name, first_use, until))
        for name in (names if known.only is None else [known.only])
    ]


def pin_terms(connection: Connection, accounts: Iterable[TenantAccount], now: datetime) -> None:
    """Keep the terms of the allocations that have none yet."""
    accounts = list(accounts)
    pinned = _pinned_terms(connection, [entry.tenant_id for entry in accounts])
    rows = [
        {"tenant_id": entry.tenant_id, "first_day": first, "plan": plan, **vars(terms), "recorded_at": now}
        for entry in accounts
        for (first, plan), terms in entry.terms.items()
        if (first, plan) not in pinned.get(entry.tenant_id, {})
    ]
    if rows:
        connection.execute(credit_terms.insert(), rows)


def _account(known: Known, tenant_id: str, acts: Collection[Act], runs: list[PlanRun]) -> TenantAccount:
    pinned = known.pinned.get(tenant_id, {})
    terms = {run.key: pinned.get(run.key) or Terms.of(known.tenants.plans[run.plan]) for run in runs}
    account = Account(
        grants=[*(run.allocation(terms[run.key]) for run in runs), *map(_grant, _of_kind(acts, *GRANTS))],
        resets=list(resets(runs, terms)),
        voids={act.of_grant or "": act.effective_at for act in _of_kind(acts, ActKind.VOID)},
        lowerings=[_lowering(act) for act in _of_kind(acts, ActKind.LOWERING)],
    )
    return TenantAccount(tenant_id, account, runs, terms)


def _of_kind(acts: Iterable[Act], *kinds: ActKind) -> list[Act]:
    return [act for act in acts if act.kind in kinds]


def _grant(act: Act) -> Grant:
    kind = EntryKind(act.kind.value)
    ends_at, amount = act.expires_at or FOR_EVER, act.amount or NOTHING
    return Grant(act.id, kind, amount, act.effective_at, ends_at, act.priority or 0)


def _lowering(act: Act) -> Lowering:
    return Lowering(act.id, act.of_grant or "", act.effective_at, act.amount or NOTHING)


def _runs(known: Known, tenant_id: str, first_use: FirstUse, until: datetime) -> list[PlanRun]:
    closed = known.closed.get(tenant_id, {})
    first = _first_day(known.tenants, tenant_id, first_use, closed)
    return [] if first is None else list(plan_runs(known.tenants, tenant_id, first, until.date(), closed))


def _first_day(
    tenants: Tenants, tenant_id: str, first_use: FirstUse, closed: Mapping[date, BillingPeriod]
) -> date | None:
    """Return the day on which a tenant's allocations begin; None if it has neither a plan nor usage.

    It is the first day of its first plan, but no earlier than the period of the first day of which anything is
    known: what was left of periods before cannot be known. Usage before its first plan is on the default plan.
    """

    def period_of(day: date) -> date:
        anchor = tenants.anchor_day_of(tenant_id)
        period = period_among(anchor, day, closed)
        return (period if period.first <= day else period_among(anchor, month_before(day), closed)).first

    tenant, used = tenants.by_id.get(tenant_id), first_use.by_tenant.get(tenant_id)
    joined = tenant.plans[0].from_ if tenant and tenant.plans else None
    if used is not None and (joined is None or used < joined):
        return period_of(used)
    return joined and max(joined, period_of(first_use.known))


def closed_months_by_tenant(
    connection: Connection, only: Collection[str] | None, since: date = date.min
) -> Mapping[str, Mapping[date, BillingPeriod]]:
    """Return the closed periods that end on a day or later, of these tenants or of all, by tenant and month."""
    columns = closed_periods.c
    query = select(columns.tenant_id, columns.first_day, columns.last_day).where(columns.last_day >= since)
    if only is not None:
        query = query.where(one_of(columns.tenant_id, only))
    found: defaultdict[str, dict[date, BillingPeriod]] = defaultdict(dict)
    for tenant_id, first, last in connection.execute(query):
        found[tenant_id] |= by_month([BillingPeriod(first, last)])
    return dict(found)


def _pinned_terms(
    connection: Connection, only: Collection[str] | None
) -> Mapping[str, Mapping[tuple[date, str], Terms]]:
    query = select(credit_terms)
    if only is not None:
        query = query.where(one_of(credit_terms.c.tenant_id, only))
    found: defaultdict[str, dict[tuple[date, str], Terms]] = defaultdict(dict)
    for row in connection.execute(query):
        terms = Terms(row.monthly_credits, row.rollover_min, row.rollover_max)
        found[row.tenant_id][row.first_day, row.plan] = terms
    return dict(found)
