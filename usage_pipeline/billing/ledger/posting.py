"""Posts to the ledger: what grants and usage come to by now, less what it has, so that rows are only added.

The sums of the ledger follow from grants and usage alone, in whatever order these became known. To post again
adds nothing, and to post to an empty ledger gives the same sums.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

from sqlalchemy import Connection, insert, select

from usage_pipeline.billing.ledger.accounts import Known, TenantAccount, make_accounts, pin_terms, read_known
from usage_pipeline.billing.ledger.burn_down import Burned, Usage, burn_down
from usage_pipeline.billing.ledger.entries import NOTHING, Entry, exact, totals
from usage_pipeline.billing.ledger.grants import import_grants
from usage_pipeline.billing.ledger.ledger import Key, append, posted_sums
from usage_pipeline.billing.ledger.tables import CREDIT_POSTINGS
from usage_pipeline.billing.ledger.usage import CreditSeconds, computed_days, open_credit_seconds
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.engine import undisturbed
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.state import Partition
from usage_pipeline.tenants.reference import load_tenants

credit_postings = warehouse_table(CREDIT_POSTINGS)

_LOCK = "credit_ledger"
_TENANTS = 100
"""Tenants whose sums are compared at once."""


@dataclass(frozen=True)
class _Compared:
    """What should be in the ledger of a tenant at an instant, and what is."""

    tenant_id: str
    usage: list[Usage]
    burned: Burned
    posted: dict[Key, Decimal]

    @property
    def missing(self) -> dict[Key, Decimal]:
        """The differences, where there are any, in the order of events; what should not be there comes last."""
        found: defaultdict[Key, Decimal] = defaultdict(Decimal)
        with exact():
            for entry in self.burned.entries:
                found[self.tenant_id, entry.kind, entry.grant_id, entry.effective_at] += entry.amount
            for key, amount in self.posted.items():
                found[key] -= amount
        return {key: amount for key, amount in found.items() if amount}

    @property
    def is_balanced(self) -> bool:
        """Whether both identities hold for what is in the ledger."""
        sums = totals(Entry(*key[1:], amount) for key, amount in self.posted.items())
        with exact():
            used = sum((amount for _, amount in self.usage), NOTHING)
            left = sum(self.burned.left.values(), NOTHING)
        return (sums.used, sums.balance, sums.open_overage) == (used, left, self.burned.overage)


@dataclass(frozen=True)
class LedgerState:
    """How the ledger stands to grants and usage at the time of the last posting."""

    tenants: int
    apart: int
    """Tenants whose ledger lacks something, or has too much."""
    unbalanced: int
    """Tenants for which an identity does not hold."""


@undisturbed
def post(storage: Storage) -> int:
    """Import `grants.yaml`, add what the ledger lacks, and return the number of rows that were added.

    If usage, grants, terms and the day are those of the last posting, and no grant has begun or ended since, this
    takes a few queries. Raises ReferenceFileError if a file is broken, and PartitionError if credits of a computed
    day are gone.
    """
    with sole_transaction(storage.warehouse, _LOCK) as connection:
        import_grants(connection, storage.settings)
        now, known = whole_second(storage.settings.clock.now), _known(storage, connection)
        days = computed_days(connection)
        digest = _inputs_digest(known, days, now)
        if digest == _last_posting(connection)[0]:
            return 0
        with open_credit_seconds(storage, days) as seconds:
            accounts = make_accounts(known, seconds.first_use(storage.settings.clock), now)
            pin_terms(connection, accounts, now)
            compared = _compared(connection, seconds, accounts, now)
            rows = sum(append(connection, tenant.missing, now) for tenant in compared)
        posting = {"inputs_digest": digest, "entries": rows, "recorded_at": now}
        connection.execute(insert(credit_postings).values(posting))
    return rows


@undisturbed
def ledger_state(storage: Storage) -> LedgerState:
    """Compute everything again, and compare it with the ledger, tenant by tenant."""
    clock = storage.settings.clock
    with storage.warehouse.connect() as connection:
        posted_at = _last_posting(connection)[1] or whole_second(clock.now)
        with open_credit_seconds(storage, computed_days(connection)) as seconds:
            accounts = make_accounts(_known(storage, connection), seconds.first_use(clock), posted_at)
            compared = _compared(connection, seconds, accounts, posted_at)
            found = [(bool(tenant.missing), not tenant.is_balanced) for tenant in compared]
    return LedgerState(len(found), sum(apart for apart, _ in found), sum(unbalanced for _, unbalanced in found))


def whole_second(instant: datetime) -> datetime:
    """Return the second that an instant is in: the time of the ledger goes by seconds."""
    return instant.astimezone(UTC).replace(microsecond=0)


def _known(storage: Storage, connection: Connection) -> Known:
    return read_known(connection, load_tenants(storage.settings))


def _inputs_digest(known: Known, days: Mapping[date, Partition], now: datetime) -> str:
    usage = (part for day, found in days.items() for part in (day, found.output_digest))
    # A log may be ahead of our clock: what it says of the present day counts within the hour.
    hour = now.hour if max(days, default=date.min) >= now.date() else None
    return fingerprint([now.date(), hour, known.count_past(now), known.digest, *usage])


def _last_posting(connection: Connection) -> tuple[str | None, datetime | None]:
    columns = credit_postings.c
    query = select(columns.inputs_digest, columns.recorded_at).order_by(columns.id.desc()).limit(1)
    found = connection.execute(query).first()
    return (None, None) if found is None else (found.inputs_digest, found.recorded_at.astimezone(UTC))


def _compared(
    connection: Connection, seconds: CreditSeconds, accounts: list[TenantAccount], now: datetime
) -> Iterator[_Compared]:
    found = seconds.segments(accounts, now)
    while portion := list(islice(found, _TENANTS)):
        posted: defaultdict[str, dict[Key, Decimal]] = defaultdict(dict)
        for key, amount in posted_sums(connection, [entry.tenant_id for entry, _ in portion]):
            posted[key[0]][key] = amount
        for entry, usage in portion:
            burned = burn_down(entry.account, usage, now)
            yield _Compared(entry.tenant_id, usage, burned, posted[entry.tenant_id])
