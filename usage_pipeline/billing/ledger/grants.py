"""Grants by hand and by file, and acts on them, as the warehouse keeps them. Nothing of it is changed later."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, select

from usage_pipeline.billing.billed_tenants import billed_tenants, expect_billed, why_not_billed
from usage_pipeline.billing.ledger.grant_file import GRANTS_FILE, GrantEntry, read_grants
from usage_pipeline.billing.ledger.tables import CREDIT_GRANTS, CREDIT_LEDGER
from usage_pipeline.errors import QueryError, ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of, warehouse_table
from usage_pipeline.words import did_you_mean

credit_grants = warehouse_table(CREDIT_GRANTS)
credit_ledger = warehouse_table(CREDIT_LEDGER)


class ActKind(StrEnum):
    """A grant, or an act on one."""

    TOPUP = "topup"
    ADJUSTMENT = "adjustment"
    LOWERING = "lowering"
    VOID = "void"


GRANTS = (ActKind.TOPUP, ActKind.ADJUSTMENT)


@dataclass(frozen=True, kw_only=True)
class Act:
    """One row of `credit_grants`."""

    id: str
    tenant_id: str
    kind: ActKind
    of_grant: str | None = None
    amount: Decimal | None
    effective_at: datetime
    expires_at: datetime | None = None
    priority: int | None = None
    reason: str
    by: str
    recorded_at: datetime

    def says_the_same_as(self, other: "Act") -> bool:
        """Whether both say the same, whoever recorded it and when."""
        return {**vars(self), **_RECORDING} == {**vars(other), **_RECORDING}


_RECORDING = {"by": None, "recorded_at": None}


def read_acts(connection: Connection, tenant_ids: Collection[str] | None = None) -> list[Act]:
    """Return the acts of these tenants, or of all, by id."""
    query = select(credit_grants).order_by(credit_grants.c.id)
    if tenant_ids is not None:
        query = query.where(one_of(credit_grants.c.tenant_id, tenant_ids))
    return [_act(row) for row in connection.execute(query).mappings()]


def add_grant(storage: Storage, entry: GrantEntry, by: str) -> Act:
    """Record a grant.

    Raises QueryError if the tenant has no account, if the id is taken, or if it lowers a grant that is not there.
    """
    act = _of_entry(entry, by, storage.settings.clock.now)
    with storage.warehouse.begin() as connection:
        expect_billed(storage.settings, connection, entry.tenant)
        if _known(connection, [entry.id]):
            raise QueryError(f"There is a grant {entry.id!r} already; give another id.")
        if entry.lowers is not None:
            _expect_grant(connection, entry.tenant, entry.lowers)
        connection.execute(credit_grants.insert(), [vars(act)])
    return act


@dataclass(frozen=True)
class Voiding:
    """The decision that a grant is void from an instant on."""

    tenant_id: str
    grant_id: str
    at: datetime
    reason: str
    by: str

    @property
    def id(self) -> str:
        """Its id: a grant is void once."""
        return f"void/{self.tenant_id}/{self.grant_id}"


def void_grant(storage: Storage, voiding: Voiding) -> Act:
    """Record that a grant is void. Raises QueryError if it is not there, or void already."""
    act = Act(
        id=voiding.id,
        tenant_id=voiding.tenant_id,
        kind=ActKind.VOID,
        of_grant=voiding.grant_id,
        amount=None,
        effective_at=voiding.at,
        reason=voiding.reason,
        by=voiding.by,
        recorded_at=storage.settings.clock.now,
    )
    with storage.warehouse.begin() as connection:
        _expect_grant(connection, voiding.tenant_id, voiding.grant_id)
        for known in _known(connection, [voiding.id]):
            raise QueryError(
                f"{voiding.grant_id} is void already, since {known.effective_at:%Y-%m-%dT%H:%M:%SZ}. To take "
                "more, add an amount below 0 that lowers another grant."
            )
        for granted in read_acts(connection, [voiding.tenant_id]):
            if granted.id == voiding.grant_id and granted.expires_at and granted.expires_at <= voiding.at:
                ended = f"{granted.expires_at:%Y-%m-%dT%H:%M:%SZ}"
                raise QueryError(f"{voiding.grant_id} ended {ended}: nothing of it is left to void.")
        connection.execute(credit_grants.insert(), [vars(act)])
    return act


def import_grants(connection: Connection, settings: Settings) -> int:
    """Record the entries of `grants.yaml` whose ids are new, and return their number; all of them or none.

    Raises ReferenceFileError as `new_grants` does.
    """
    new = new_grants(connection, settings)
    if new:
        connection.execute(credit_grants.insert(), [vars(act) for act in new])
    return len(new)


def new_grants(connection: Connection, settings: Settings) -> list[Act]:
    """Return the entries of `grants.yaml` whose ids are new.

    Raises ReferenceFileError if an entry that was imported has changed, because a grant does not change, and for
    entries of tenants without an account, or that lower no grant, because an id is never free again.
    """
    file = settings.reference / GRANTS_FILE
    acts = [_of_entry(entry, GRANTS_FILE, settings.clock.now) for entry in read_grants(file)]
    known = {act.id: act for act in _known(connection, [act.id for act in acts])}
    for act in acts:
        if act.id in known and not act.says_the_same_as(known[act.id]):
            raise ReferenceFileError(
                f"{file}: {act.id}: it was recorded with other values, which stay. Restore the entry; to change "
                "the grant, void it with `usage-pipeline grant void` and add another id."
            )
    new = [act for act in acts if act.id not in known]
    wrong = [f"{file}: {act.id}: {why}" for act, why in _misnamed(connection, settings, new, acts)]
    if wrong:
        raise ReferenceFileError("\n".join(wrong))
    return new


def _misnamed(
    connection: Connection, settings: Settings, new: Collection[Act], of_file: Iterable[Act]
) -> Iterator[tuple[Act, str]]:
    """Yield the new entries that name a tenant without an account, or a grant that the tenant does not have.

    The grants of plans may come later.
    """
    if not new:
        return
    billed = billed_tenants(settings, connection)
    recorded = read_acts(connection, {act.tenant_id for act in new})
    grants = {(act.tenant_id, act.id) for act in (*recorded, *of_file) if act.kind in GRANTS}
    for act in new:
        if why := why_not_billed(act.tenant_id, billed):
            yield act, f"tenant: {why}"
        elif act.of_grant and "/" not in act.of_grant and (act.tenant_id, act.of_grant) not in grants:
            meant = did_you_mean(act.of_grant, [name for tenant, name in grants if tenant == act.tenant_id])
            missing = f"lowers: {act.tenant_id} has no grant {act.of_grant!r}"
            yield act, f"{missing}; {meant}" if meant else f"{missing}."


def _expect_grant(connection: Connection, tenant_id: str, grant_id: str) -> None:
    """Raise QueryError for an id that is no grant of the tenant: by hand, by file, or posted to the ledger."""
    acts = read_acts(connection, [tenant_id])
    granted = {act.id for act in acts if act.kind in GRANTS}
    ledger = credit_ledger.c
    posted = select(ledger.id).where(ledger.tenant_id == tenant_id, ledger.grant_id == grant_id).limit(1)
    if grant_id not in granted and connection.execute(posted).first() is None:
        raise QueryError(
            f"{tenant_id} has no grant {grant_id!r}; `usage-pipeline credits --tenant {tenant_id}` lists them."
        )


def _known(connection: Connection, ids: Iterable[str]) -> list[Act]:
    query = select(credit_grants).where(one_of(credit_grants.c.id, ids))
    return [_act(row) for row in connection.execute(query).mappings()]


def _act(row: object) -> Act:
    values = dict(row)  # type: ignore[call-overload]  # a RowMapping
    instants = {name: values[name] and values[name].astimezone(UTC) for name in _INSTANTS}
    return Act(**{**values, **instants, "kind": ActKind(values["kind"])})


_INSTANTS = ("effective_at", "expires_at", "recorded_at")


def _of_entry(entry: GrantEntry, by: str, now: datetime) -> Act:
    lowers = entry.lowers is not None
    return Act(
        id=entry.id,
        tenant_id=entry.tenant,
        kind=ActKind.LOWERING if lowers else ActKind(entry.kind),
        of_grant=entry.lowers,
        amount=abs(entry.amount),
        effective_at=entry.effective_at,
        expires_at=entry.expires_at,
        priority=None if lowers else entry.priority,
        reason=entry.reason,
        by=by,
        recorded_at=now,
    )
