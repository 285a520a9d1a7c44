"""The balance of a tenant at any instant, grant by grant, from grants and usage up to then."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from usage_pipeline.billing.ledger.accounts import TenantAccount, make_accounts, read_known
from usage_pipeline.billing.ledger.burn_down import FOR_EVER, Account, Grant, Usage, burn_down
from usage_pipeline.billing.ledger.entries import (
    GRANTING,
    NO_GRANT,
    NOTHING,
    Entry,
    EntryKind,
    Totals,
    exact,
    totals,
)
from usage_pipeline.billing.ledger.usage import computed_days, open_credit_seconds
from usage_pipeline.errors import QueryError
from usage_pipeline.storage.engine import undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants


@dataclass(frozen=True)
class GrantBalance:
    """What became of a grant by an instant, in credits."""

    grant_id: str
    kind: EntryKind
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    granted: Decimal
    used: Decimal
    """Usage that it paid for, and overage that it repaid."""
    gone: Decimal
    """What expired, rolled over, was voided or lowered."""
    left: Decimal


@dataclass(frozen=True)
class Balance:
    """The grants that have begun by an instant, in the order in which they pay, and the sums of all."""

    grants: Sequence[GrantBalance]
    totals: Totals


@undisturbed
def read_balance(storage: Storage, tenant_id: str, at: datetime) -> Balance:
    """Return the balance at an instant in whole seconds: before usage at it, with grants that begin at it.

    Raises QueryError for an instant that has not come, PartitionError if the credits of a computed day are gone.
    """
    _expect_come(storage, at)
    ((found, usage),) = _accounts_and_usage(storage, at, tenant_id)
    entries = burn_down(found.account, usage, at).entries
    with exact():
        grants = sorted(_grants(found.account, entries), key=_pays)
    return Balance(grants, totals(entries))


@undisturbed
def read_balances(storage: Storage, at: datetime) -> dict[str, Totals]:
    """Return the sums of each tenant at an instant, as `read_balance` has them. Raises the same errors."""
    _expect_come(storage, at)
    return {
        found.tenant_id: totals(burn_down(found.account, usage, at).entries)
        for found, usage in _accounts_and_usage(storage, at)
    }


@dataclass(frozen=True)
class TenantUsage:
    """The account of a tenant until an instant ahead, and its usage before one, in the order of time."""

    account: Account
    usage: Sequence[Usage]


@undisturbed
def read_usage_ahead(
    storage: Storage, cut: Sequence[datetime], ahead: datetime, only: str | None = None
) -> dict[str, TenantUsage]:
    """Return the account of one tenant or of all with the allocations to come, and what was used.

    Usage is added up between instants at which something begins or ends, and those of the cut; it ends with the
    last of these. Raises PartitionError if the credits of a computed day are gone.
    """
    found = _accounts_and_usage(storage, max(cut), only, cut, ahead)
    return {entry.tenant_id: TenantUsage(entry.account, usage) for entry, usage in found}


def _expect_come(storage: Storage, at: datetime) -> None:
    if at > storage.settings.clock.now:
        raise QueryError(f"{at:%Y-%m-%dT%H:%M:%SZ} has not come: nothing is known of usage until then.")


def _accounts_and_usage(
    storage: Storage,
    until: datetime,
    only: str | None = None,
    cut: Sequence[datetime] = (),
    ahead: datetime | None = None,
) -> list[tuple[TenantAccount, list[Usage]]]:
    """Return one account or all until an instant ahead, each with its usage until one."""
    tenants, clock = load_tenants(storage.settings), storage.settings.clock
    with storage.warehouse.connect() as connection:
        known, days = read_known(connection, tenants, only), storage.recalled.read(connection, computed_days)
    with open_credit_seconds(storage, days, only) as seconds:
        accounts = make_accounts(known, seconds.first_use(clock), ahead or until)
        return list(seconds.segments(accounts, until, cut))


_USED = (EntryKind.CONSUMPTION, EntryKind.REPAYMENT)


def _grants(account: Account, entries: Sequence[Entry]) -> Iterator[GrantBalance]:
    known = {grant.id: grant for grant in account.grants}
    rolled = {reset.grant_id: reset for reset in account.resets}
    sums: defaultdict[tuple[str, bool], Decimal] = defaultdict(Decimal)
    left: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        left[entry.grant_id] += entry.amount
        sums[entry.grant_id, entry.kind in _USED] += NOTHING if entry.kind in GRANTING else entry.amount
    for entry in entries:
        if entry.kind in GRANTING and entry.grant_id != NO_GRANT:
            name = entry.grant_id
            of: Grant | None = known.get(name)
            ends_at = of.ends_at if of else rolled[name].ends_at
            yield GrantBalance(
                grant_id=name,
                kind=entry.kind,
                priority=of.priority if of else rolled[name].priority,
                effective_at=entry.effective_at,
                expires_at=None if ends_at == FOR_EVER else ends_at,
                granted=entry.amount,
                used=-sums[name, True],
                gone=-sums[name, False],
                left=left[name],
            )


def _pays(grant: GrantBalance) -> tuple[bool, int, datetime, datetime, str]:
    """Grants with something left first, in the order in which they pay."""
    ends_at = grant.expires_at or FOR_EVER
    return not grant.left, grant.priority, ends_at, grant.effective_at, grant.grant_id


@dataclass(frozen=True)
class Payment:
    """What a grant paid for usage, in credits; of no grant if it is overage."""

    grant_id: str
    amount: Decimal


def read_payments(storage: Storage, tenant_id: str, second: datetime) -> list[Payment]:
    """Return what paid for the usage of a tenant in a second, in order.

    Raises PartitionError if the credits of a computed day are gone.
    """
    until = second + timedelta(seconds=1)
    ((found, usage),) = _accounts_and_usage(storage, until, tenant_id, [second])
    paid = (EntryKind.CONSUMPTION, EntryKind.OVERAGE)
    entries = burn_down(found.account, usage, until).entries
    return [
        Payment(entry.grant_id, entry.amount.copy_negate())
        for entry in entries
        if entry.effective_at == second and entry.kind in paid
    ]
