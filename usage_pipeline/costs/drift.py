"""Reads the difference between reported costs and costs by the price book."""

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
    """The records of a model on a day that report a cost, or one record that reports over ten times its cost."""

    day: date
    tenant_id: str
    model: str
    currency: str
    source: str
    """Empty unless the row is of one record."""
    record_id: str
    records: int
    reported_cost: Decimal
    """The reported cost of all records."""
    compared_records: int
    """Records whose usage has prices, in the currency that they report."""
    compared_cost: Decimal | None
    """The reported cost of the compared records."""
    computed_cost: Decimal | None
    """The cost of the compared records by the price book."""
    outliers: int

    @property
    def difference(self) -> Decimal | None:
        """Reported less computed cost of the compared records; null without any."""
        if self.compared_cost is None or self.computed_cost is None:
            return None
        return self.compared_cost - self.computed_cost


@dataclass(frozen=True)
class DriftQuery:
    """Days from first to last, both included, and one tenant or model or all."""

    first: date
    last: date
    tenant_id: str | None = None
    model: str | None = None


def read_drift(storage: Storage, query: DriftQuery) -> list[Drift]:
    """Return the rows, largest difference first; rows without compared records are last."""
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
