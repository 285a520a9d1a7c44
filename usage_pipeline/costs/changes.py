"""Reads from `usage_versions` how costs of rated days changed: by which prices and by which files."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, Select, select

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.nearby_rows import with_nearby
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import audit_log, landing_event_days, landing_files, usage_versions
from usage_pipeline.storage.versions import Cause


@dataclass(frozen=True)
class CostChange:
    """A change of one class (tokens, requests or tool calls) of a tenant's model on a day."""

    id: int
    day: date
    tenant_id: str
    model: str
    token_class: str
    version: int
    cause: str
    changed_at: datetime
    quantity_before: int
    quantity: int
    amount_before: Decimal | None
    amount: Decimal | None
    """In US dollars; null if nothing has a price, or if the row is gone."""
    price_before: str | None
    """The model's price in the book before, if its name alone determines it; null otherwise."""
    price: str | None
    files: tuple[str, ...]
    """Landing files of the day that landed, or were released or withdrawn, since the version before.

    Of a change that no file of the day caused, those of days nearby that it is compared with.
    """

    @property
    def difference(self) -> Decimal | None:
        """The amount less the amount before, where null counts as 0; null if both are."""
        if self.amount is None and self.amount_before is None:
            return None
        return (self.amount or Decimal(0)) - (self.amount_before or Decimal(0))


@dataclass(frozen=True)
class ChangeQuery:
    """Event days from first to last, both included, and one tenant or all."""

    first: date
    last: date
    tenant_id: str | None = None
    after_id: int | None = None
    """Only changes after this row of `usage_versions`, first computations of days included."""


@dataclass(frozen=True)
class _State:
    quantity: int = 0
    amount: Decimal | None = None
    version: str | None = None
    at: datetime | None = None


def read_changes(storage: Storage, query: ChangeQuery) -> list[CostChange]:
    """Return the changes in the order in which they were made.

    The first computation of a day is a change only with `after_id`: at that row the day had no usage.
    """
    with storage.warehouse.connect() as connection:
        return list(_changes(connection, query))


def _changes(connection: Connection, query: ChangeQuery) -> Iterator[CostChange]:
    last: dict[tuple[object, ...], _State] = {}
    for row in connection.execute(_selected(query)).mappings():
        key = (row["day"], row["tenant_id"], row["model"], row["class"])
        before = last.get(key, _State())
        now = _State(int(row["quantity"]), row["amount"], row["price_book_version"], row["committed_at"])
        last[key] = now
        asked = row["version"] > 1 if query.after_id is None else row["id"] > query.after_id
        if asked:
            yield _change(connection, row, before, now)


def _selected(query: ChangeQuery) -> Select[*tuple[object, ...]]:
    table = usage_versions.c
    selected = select(usage_versions).where(
        table.table_name == TENANT_COSTS.name, table.day.between(query.first, query.last)
    )
    if query.tenant_id is not None:
        selected = selected.where(table.tenant_id == query.tenant_id)
    return selected.order_by(table.id)


def _change(connection: Connection, row: RowMapping, before: _State, now: _State) -> CostChange:
    day, model = row["day"], row["model"]
    prices = [_price(connection, state, model, day) for state in (before, now)]
    return CostChange(
        id=row["id"],
        day=day,
        tenant_id=row["tenant_id"],
        model=model,
        token_class=row["class"],
        version=row["version"],
        cause=row["cause"],
        changed_at=row["committed_at"],
        quantity_before=before.quantity,
        quantity=now.quantity,
        amount_before=before.amount,
        amount=now.amount,
        price_before=prices[0],
        price=prices[1],
        files=_files(connection, row["cause"], day, before.at, now.at),
    )


def _price(connection: Connection, state: _State, model: str, day: date) -> str | None:
    if state.version is None or state.amount is None:
        return None
    price = book_store.load(connection, state.version).resolve(None, model, day).price
    return price.id if price else None


def _files(
    connection: Connection, cause: str, day: date, after: datetime | None, until: datetime | None
) -> tuple[str, ...]:
    if after is None or until is None:
        return ()
    found = _changed(connection, [day], after, until)
    if found or cause in {Cause.RESTATE, Cause.RERATE}:
        return found
    return _changed(connection, with_nearby(connection, day, day), after, until)


def _changed(connection: Connection, days: Collection[date], after: datetime, until: datetime) -> tuple[str, ...]:
    of_days = select(landing_event_days.c.path).where(landing_event_days.c.event_day.in_(days))
    landed = (landing_files.c.path, landing_files.c.landed_at)
    decided = (audit_log.c.subject, audit_log.c.at)
    changed = (select(path).where(path.in_(of_days), at > after, at <= until) for path, at in (landed, decided))
    return tuple(sorted({path for query in changed for path in connection.execute(query).scalars()}))
