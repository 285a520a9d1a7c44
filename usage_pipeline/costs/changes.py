"""Reads what changed of the costs of days that were rated before: by another price, or by which files.

Everything here comes of `usage_versions`, which is only ever added to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, Select, select

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import audit_log, landing_event_days, landing_files, usage_versions


@dataclass(frozen=True)
class CostChange:
    """One change of one class of tokens, requests or tool calls of a tenant's model on a day."""

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
    """In US dollars; null where nothing had a price. A row that is gone has none either."""
    price_before: str | None
    """The price that the model had in the book before, where its name alone says which; null where none did."""
    price: str | None
    files: tuple[str, ...]
    """Landing files of the day that landed, or were decided about, since the version before."""

    @property
    def difference(self) -> Decimal:
        """How much more it costs."""
        return (self.amount or Decimal(0)) - (self.amount_before or Decimal(0))


@dataclass(frozen=True)
class ChangeQuery:
    """Changes of event days from first to last, both included, of one tenant where it is named."""

    first: date
    last: date
    tenant_id: str | None = None
    after_id: int | None = None
    """Only changes after this row of `usage_versions`; then what a day is first computed with is one too."""


@dataclass(frozen=True)
class _State:
    quantity: int = 0
    amount: Decimal | None = None
    version: str | None = None
    at: datetime | None = None


def read_changes(storage: Storage, query: ChangeQuery) -> list[CostChange]:
    """The changes, in the order in which they were made; a day's first computation is none.

    But after a row it is one: until then the day was known to have no usage.
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


def _selected(query: ChangeQuery) -> Select[tuple[object, ...]]:
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
        files=_files(connection, day, before.at, now.at),
    )


def _price(connection: Connection, state: _State, model: str, day: date) -> str | None:
    if state.version is None or state.amount is None:
        return None
    price = book_store.load(connection, state.version).resolve(None, model, day).price
    return price.id if price else None


def _files(connection: Connection, day: date, after: datetime | None, until: datetime | None) -> tuple[str, ...]:
    if after is None or until is None:
        return ()
    of_day = landing_event_days.c.event_day == day
    landed = (
        select(landing_files.c.path)
        .join(landing_event_days, landing_event_days.c.path == landing_files.c.path)
        .where(of_day, landing_files.c.landed_at > after, landing_files.c.landed_at <= until)
    )
    decided = (
        select(audit_log.c.subject)
        .join(landing_event_days, landing_event_days.c.path == audit_log.c.subject)
        .where(of_day, audit_log.c.at > after, audit_log.c.at <= until)
    )
    return tuple(sorted({*connection.execute(landed).scalars(), *connection.execute(decided).scalars()}))
