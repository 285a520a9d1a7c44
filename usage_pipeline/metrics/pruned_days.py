"""Counts days whose records are pruned: what only records tell, such as the number of features, is not known."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, false, func, select

from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.schema import pruned_tenants, warehouse_table

_SERIES = warehouse_table(TOKEN_SERIES.spec)


class PrunedDays(NamedTuple):
    """Days of a range that have lost records."""

    number: int
    are_all: bool
    """Whether nobody who had some in the range has kept any."""


def read_pruned_days(connection: Connection, first: date, last: date, tenant_id: str | None = None) -> PrunedDays:
    """Return the days from first to last that have lost records of one tenant, or of any without one.

    Days are those of the series, which outlive records.
    """
    day, first_kept = _SERIES.c.day, pruned_tenants.c.first_kept
    query = (
        select(
            func.count(day.distinct()).filter(day < first_kept),
            func.coalesce(func.bool_and(func.coalesce(first_kept > last, false())), false()),
        )
        .select_from(_SERIES.outerjoin(pruned_tenants, _SERIES.c.tenant_id == pruned_tenants.c.tenant_id))
        .where(day.between(first, last))
    )
    if tenant_id is not None:
        query = query.where(_SERIES.c.tenant_id == tenant_id)
    return PrunedDays(*connection.execute(query).one())
