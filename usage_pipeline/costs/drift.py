"""Reads where what sources report and what usage costs by the price book part."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from usage_pipeline.costs.tables import COST_DRIFT
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

cost_drift = warehouse_table(COST_DRIFT.spec)


@dataclass(frozen=True)
class Drift:
    """The records of a model on a day that report a cost, or one of them that is far off by itself."""

    day: date
    tenant_id: str
    model: str
    currency: str
    source: str
    """The source of a record that has a row of its own; else empty."""
    record_id: str
    records: int
    reported_cost: Decimal
    """What all of them report."""
    compared_records: int
    """Those of them that are priced whole, in the currency that they report."""
    compared_cost: Decimal | None
    """What those report."""
    computed_cost: Decimal | None
    """What those cost by the price book."""
    outliers: int

    @property
    def difference(self) -> Decimal | None:
        """Reported less computed, of the records that can be compared."""
        if self.compared_cost is None or self.computed_cost is None:
            return None
        return self.compared_cost - self.computed_cost


@dataclass(frozen=True)
class DriftQuery:
    """Days from first to last, both included, of one tenant and one model where they are named."""

    first: date
    last: date
    tenant_id: str | None = None
    model: str | None = None


def read_drift(storage: Storage, query: DriftQuery) -> list[Drift]:
    """The rows of the range, furthest apart first; those that cannot be compared last."""
    table = cost_drift.c
    selected = select(cost_drift).where(table.day.between(query.first, query.last))
    if query.tenant_id is not None:
        selected = selected.where(table.tenant_id == query.tenant_id)
    if query.model is not None:
        selected = selected.where(table.model == query.model)
    apart = func.abs(table.compared_cost - table.computed_cost).desc().nulls_last()
    with storage.warehouse.connect() as connection:
        rows = connection.execute(selected.order_by(apart, *cost_drift.primary_key)).mappings()
        return [Drift(**row) for row in rows]
