"""The credits of a billing period, grant by grant: what it began with, what happened to it, and what is left.

Periods are half open. What is left of an allocation at the end of one expires or rolls over at the first instant
of the next, and is in the statement of that.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.day_credits import DayCredits, day_credits
from usage_pipeline.billing.ledger.accounts import Known, TenantAccount, make_accounts, read_known
from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.billing.ledger.burn_down import burn_down
from usage_pipeline.billing.ledger.entries import GRANTING, NO_GRANT, NOTHING, Entry, EntryKind, exact
from usage_pipeline.billing.ledger.posting import whole_second
from usage_pipeline.billing.ledger.usage import computed_days, open_credit_seconds
from usage_pipeline.clock import end_of
from usage_pipeline.storage.engine import undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.reference import load_tenants

OVERAGE = "overage"
_COLUMNS = {
    **dict.fromkeys((EntryKind.ALLOCATION, EntryKind.TOPUP, EntryKind.ADJUSTMENT), "granted"),
    EntryKind.ROLLOVER_IN: "rolled_in",
    **dict.fromkeys((EntryKind.CONSUMPTION, EntryKind.OVERAGE, EntryKind.REPAYMENT), "used"),
    EntryKind.ROLLOVER_OUT: "rolled_out",
    EntryKind.EXPIRY: "expired",
    EntryKind.VOID: "voided",
    EntryKind.LOWERING: "lowered",
}
"""The column of a line that an entry is added to."""
_ADDING = ("granted", "rolled_in")


@dataclass(frozen=True)
class CreditLine:
    """A grant in a period, in credits; or the overage, which is below zero."""

    grant_id: str
    kind: str
    """That of the grant, or `overage`."""
    opening: Decimal = NOTHING
    adjusted: Decimal = NOTHING
    """What periods before came to after their statement was closed."""
    granted: Decimal = NOTHING
    rolled_in: Decimal = NOTHING
    used: Decimal = NOTHING
    """Usage that it paid for, and overage that it repaid; of the overage its usage, less what was repaid."""
    rolled_out: Decimal = NOTHING
    expired: Decimal = NOTHING
    voided: Decimal = NOTHING
    lowered: Decimal = NOTHING

    @property
    def closing(self) -> Decimal:
        """What is left of it."""
        with exact():
            gone = self.used + self.rolled_out + self.expired + self.voided + self.lowered
            return self.opening + self.adjusted + self.granted + self.rolled_in - gone


AMOUNTS = tuple(entry.name for entry in fields(CreditLine) if entry.type is Decimal)
"""The columns of a line that hold credits."""


@dataclass(frozen=True)
class PlanTerms:
    """The terms of a plan on its days of a period. Credits and price are those of a whole period."""

    plan: str
    plan_from: date
    plan_to: date
    monthly_credits: Decimal
    price: Decimal | None
    currency: str | None
    overage: str
    """`allow` or `deny`, of usage that the credits do not cover."""


@dataclass(frozen=True)
class PeriodCredits:
    """The grants of a tenant in a period, the overage, and the plans."""

    lines: tuple[CreditLine, ...] = ()
    plans: tuple[PlanTerms, ...] = ()
    days: tuple[DayCredits, ...] = ()
    """Those that have begun; none of credits as a closing kept them."""

    @property
    def total(self) -> CreditLine:
        """The sums of all lines."""
        with exact():
            sums = {name: sum((getattr(line, name) for line in self.lines), NOTHING) for name in AMOUNTS}
        return CreditLine(NO_GRANT, "total", **sums)


NO_CREDITS = PeriodCredits()

Asked = tuple[str, BillingPeriod]
"""A tenant and a period."""


@undisturbed
def read_period_credits(storage: Storage, asked: Collection[Asked]) -> dict[Asked, PeriodCredits]:
    """Return what these periods come to by now; those that have not begun are left out.

    Raises PartitionError if the credits of a computed day are gone.
    """
    now = whole_second(storage.settings.clock.now)
    periods: defaultdict[str, list[BillingPeriod]] = defaultdict(list)
    for tenant_id, period in asked:
        if midnight(period.first) <= now and tenant_id != ERASED_TENANT:
            periods[tenant_id].append(period)
    if not periods:
        return {}
    until = min(now, max(end_of(period.last) for found in periods.values() for period in found))
    only = next(iter(periods)) if len(periods) == 1 else None
    with storage.warehouse.connect() as connection:
        known, days = read_known(connection, load_tenants(storage.settings), only), computed_days(connection)
    found: dict[Asked, PeriodCredits] = {}
    with open_credit_seconds(storage, days, only) as seconds:
        accounts = make_accounts(known, seconds.first_use(storage.settings.clock), until)
        accounts = [account for account in accounts if account.tenant_id in periods]
        for account, usage in seconds.segments(accounts, until):
            entries = burn_down(account.account, usage, until).entries
            for period in periods[account.tenant_id]:
                found[account.tenant_id, period] = PeriodCredits(
                    credit_lines(entries, period),
                    tuple(_plans(known, account, period)),
                    day_credits(entries, period, now),
                )
    return found


def credit_lines(entries: Iterable[Entry], period: BillingPeriod) -> tuple[CreditLine, ...]:
    """Return what the entries since the first one come to in a period."""
    begin, end = midnight(period.first), end_of(period.last)
    kinds = {NO_GRANT: OVERAGE}
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with exact():
        for entry in entries:
            if entry.kind in GRANTING:
                kinds[entry.grant_id] = entry.kind.value
            if entry.effective_at < begin:
                sums[entry.grant_id]["opening"] += entry.amount
            elif entry.effective_at < end:
                column = _COLUMNS[entry.kind]
                sums[entry.grant_id][column] += entry.amount if column in _ADDING else -entry.amount
    return in_order(CreditLine(name, kinds[name], **found) for name, found in sums.items())


def continued(lines: Iterable[CreditLine], before: Iterable[CreditLine]) -> tuple[CreditLine, ...]:
    """Return the lines of a period that opens with what the lines of the statement before it closed with."""
    closed = {line.grant_id: line for line in before}
    known = {line.grant_id: line for line in lines}
    gone = [CreditLine(name, line.kind) for name, line in closed.items() if name not in known]
    openings = {name: line.closing for name, line in closed.items()}
    with exact():
        return in_order(
            replace(line, opening=opening, adjusted=line.opening - opening)
            for line in (*known.values(), *gone)
            for opening in [openings.get(line.grant_id, NOTHING)]
        )


def in_order(lines: Iterable[CreditLine]) -> tuple[CreditLine, ...]:
    """Return the lines in which something is, by grant; the overage comes last."""
    found = (line for line in lines if any(getattr(line, name) for name in AMOUNTS))
    return tuple(sorted(found, key=lambda line: (line.grant_id == NO_GRANT, line.grant_id)))


def _plans(known: Known, account: TenantAccount, period: BillingPeriod) -> Iterator[PlanTerms]:
    for run in account.runs:
        if period.first <= run.first <= period.last:
            plan = known.tenants.plans[run.plan]
            price = plan.price
            yield PlanTerms(
                plan=run.plan,
                plan_from=run.first,
                plan_to=run.last,
                monthly_credits=account.terms[run.key].monthly_credits,
                price=price.amount if price else None,
                currency=price.currency if price else None,
                overage=plan.overage,
            )
