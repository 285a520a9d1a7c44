"""Finds recommendations: one statement of each kind for all tenants."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby
from operator import itemgetter

from duckdb import DuckDBPyConnection

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.recommendations.kinds import KINDS, Kind
from usage_pipeline.insights.recommendations.recommendation import Recommendation, Row
from usage_pipeline.insights.recommendations.statement import TENANT, Days, Statement, Supply, anywhere
from usage_pipeline.insights.recommendations.supplies import Asked
from usage_pipeline.metrics.answers import known_days, statuses_of
from usage_pipeline.metrics.rollups import objects
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.storage.engine import damage_named, named_rows, session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import ERASED_TENANT, TableSpec

SHOWN_ROWS = 20


def find_recommendations(
    storage: Storage, as_of: date, tenant_ids: Collection[str] | None = None, kinds: Sequence[Kind] = KINDS
) -> list[Recommendation]:
    """Return what is recommended to these tenants, or to all, as of a day; of each first what saves most.

    Missing days are in no sum, and a kind that says that something did not happen is left out where one is
    missing. Raises QueryError for a day that is not over, PartitionError if the rows of a computed day are gone.
    """
    if as_of >= storage.settings.clock.today:
        raise QueryError(f"{as_of}: expected a day that is over, up to yesterday.")
    search = _Search(storage, as_of, tenant_ids)
    found = chain.from_iterable(map(search.find, kinds))
    order = {kind.name: place for place, kind in enumerate(kinds)}
    return sorted(found, key=lambda one: (one.tenant_id, -(one.saving_usd or 0), order[one.kind]))


@dataclass(frozen=True)
class _Search:
    """What is asked for."""

    storage: Storage
    as_of: date
    tenant_ids: Collection[str] | None

    def find(self, kind: Kind) -> Iterator[Recommendation]:
        """Yield the recommendations of a kind; none where days are missing that have to be known."""
        days = Days(self.as_of, kind.days)
        known = known_days(statuses_of(self.storage, days.all, *(spec.name for spec in kind.tables)))
        if not set(known).issuperset(Days(self.as_of, kind.certain_days).all):
            return
        places = {spec: rows_of(spec, objects(self.storage, spec, known)) for spec in kind.tables}
        with session(self.storage.engine) as duck, damage_named():
            supplies = self._supplies(duck, kind, places)
            values = kind.values(self.as_of, len(known))
            statement = Statement(kind.sql, kind.tables, known, days, values, tuple(supplies))
            rows = named_rows(duck.execute(statement.text(places, self.tenant_ids)))
        published = {spec: anywhere(spec) for spec in kind.tables}
        for tenant_id, found in groupby(rows, key=itemgetter(TENANT)):
            if tenant_id != ERASED_TENANT:
                own = list(found)
                yield self._recommendation(kind, own, statement.of(own).text(published, [tenant_id]))

    def _supplies(self, duck: DuckDBPyConnection, kind: Kind, places: Mapping[TableSpec, str]) -> Iterator[Supply]:
        if not kind.supplies:
            return
        for spec, place in places.items():
            duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {place}')
        asked = Asked(self.storage, duck, self.as_of, self._tenants())
        yield from (make(asked) for make in kind.supplies)

    def _tenants(self) -> list[str]:
        if self.tenant_ids is not None:
            return sorted(self.tenant_ids)
        with self.storage.warehouse.connect() as connection:
            return known_tenants(connection)

    def _recommendation(self, kind: Kind, rows: Sequence[Row], sql: str) -> Recommendation:
        first = rows[0]
        return Recommendation(
            kind=kind.name,
            tenant_id=first[TENANT],
            as_of=self.as_of,
            title=kind.title,
            text=kind.text(rows),
            evidence=tuple({name: row[name] for name in kind.evidence} for row in rows[:SHOWN_ROWS]),
            rows=len(rows),
            saving_usd=first["saving_usd"],
            saving_credits=first["saving_credits"],
            saving_per=kind.saves_per(first),
            names_members=kind.names_members,
            sql=sql,
        )
