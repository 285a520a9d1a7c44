"""Reads what is kept, for many tenants at once; of all together the tenant is empty."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, Table, exists, func, select

from usage_pipeline.insights.anomalies.detection import JUDGED_DAYS
from usage_pipeline.insights.kept.tables import (
    RECOMMENDATIONS,
    USAGE_ANOMALIES,
    USAGE_FORECASTS,
    USAGE_TRENDS,
)
from usage_pipeline.storage.schema import one_of, warehouse_table

Row = dict[str, Any]

usage_trends = warehouse_table(USAGE_TRENDS)
usage_anomalies = warehouse_table(USAGE_ANOMALIES)
usage_forecasts = warehouse_table(USAGE_FORECASTS)
recommendations = warehouse_table(RECOMMENDATIONS)


@dataclass(frozen=True)
class Kept:
    """What is kept as of a day, or of several days up to it, of some tenants."""

    connection: Connection
    as_of: date
    tenant_ids: Collection[str]

    def trends(self) -> list[Row]:
        """Return the rows of `usage_trends`, by tenant and measure."""
        return self._rows(self._of_day(usage_trends))

    def forecasts(self, measures: Collection[str]) -> list[Row]:
        """Return the rows of `usage_forecasts` of some measures, by tenant, measure and day."""
        return self._rows(self._of_day(usage_forecasts).where(usage_forecasts.c.measure.in_(measures)))

    def anomalies(self, first: date) -> list[Row]:
        """Return the anomalies of the days since one, each once: as the newest day found it that judged its end.

        What explains it was found while it went on.
        """
        found, trends, earlier = usage_anomalies.c, usage_trends.c, usage_anomalies.alias("earlier").c
        judged_anew = exists().where(
            *(trends[name] == found[name] for name in ("tenant_id", "measure")),
            trends.as_of.between(found.as_of + 1, self.as_of),
            trends.as_of < found.last_day + JUDGED_DAYS,
            trends.not_judged.is_(None),
        )
        explanation = (
            select(earlier.explanation)
            .where(
                *(earlier[name] == found[name] for name in ("tenant_id", "measure", "worst_day")),
                earlier.as_of <= found.as_of,
                earlier.explanation.is_not(None),
            )
            .order_by(earlier.as_of.desc())
            .limit(1)
        ).scalar_subquery()
        others = [column for column in found if column.name != "explanation"]
        query = select(*others, explanation.label("explanation")).where(
            found.as_of.between(first, self.as_of),
            found.last_day >= first,
            one_of(found.tenant_id, self.tenant_ids),
            ~judged_anew,
        )
        return self._rows(query.order_by(*usage_anomalies.primary_key.columns))

    def recommendations(self) -> list[Row]:
        """Return the rows of `recommendations`, of each tenant first what saves most."""
        columns = recommendations.c
        query = select(recommendations).where(columns.as_of == self.as_of)
        if "" not in self.tenant_ids:
            query = query.where(one_of(columns.tenant_id, self.tenant_ids))
        saving = func.coalesce(columns.saving_usd, 0).desc()
        return self._rows(query.order_by(columns.tenant_id, saving, columns.kind))

    def _of_day(self, table: Table) -> Select[*tuple[object, ...]]:
        of_day = (table.c.as_of == self.as_of, one_of(table.c.tenant_id, self.tenant_ids))
        return select(table).where(*of_day).order_by(*table.primary_key.columns)

    def _rows(self, query: Select[*tuple[object, ...]]) -> list[Row]:
        return [dict(row) for row in self.connection.execute(query).mappings()]


def last_kept_day(connection: Connection, first: date, last: date) -> date | None:
    """Return the last of the days that insights are kept as of; None if there are none as of any."""
    found: date | None = connection.execute(
        select(func.max(usage_trends.c.as_of)).where(usage_trends.c.as_of.between(first, last))
    ).scalar_one()
    return found
