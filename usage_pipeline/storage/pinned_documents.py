"""Documents by version, such as price books, and the version that each event day is pinned to.

The first computation of a day pins it. Only a deliberate act pins it to another version.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.postgresql import Insert, insert


@dataclass(frozen=True)
class PinnedDocuments:
    """A table of documents, and the table of the days that are pinned to them."""

    documents: Table
    """Its columns are `version`, `first_used_at` and `document`."""
    days: Table
    """Its columns are `day`, the one named `version_column`, and `pinned_at`."""
    version_column: str

    def document(self, connection: Connection, version: str) -> str:
        """Return the document of a version."""
        columns = self.documents.c
        document: str = connection.execute(select(columns.document).where(columns.version == version)).scalar_one()
        return document

    def pinned(self, connection: Connection, days: Collection[date]) -> Mapping[date, str]:
        """Return the version that each day is pinned to; days without one are left out."""
        query = select(self.days.c.day, self.days.c[self.version_column]).where(self.days.c.day.in_(days))
        return {row.day: row[1] for row in connection.execute(query)}

    def pin(
        self, connection: Connection, days: Collection[date], version: str, document: str, now: datetime
    ) -> None:
        """Store the document, and pin the days to it that nobody has pinned, another process either."""
        statement = self._insert(connection, days, version, document, now)
        connection.execute(statement.on_conflict_do_nothing())

    def repin(
        self, connection: Connection, days: Collection[date], version: str, document: str, now: datetime
    ) -> None:
        """Store the document, and pin all of the days to it."""
        statement = self._insert(connection, days, version, document, now)
        changed = {name: statement.excluded[name] for name in (self.version_column, "pinned_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=[self.days.c.day], set_=changed))

    def _insert(
        self, connection: Connection, days: Collection[date], version: str, document: str, now: datetime
    ) -> Insert:
        self._store(connection, version, document, now)
        return insert(self.days).values(
            [{"day": day, self.version_column: version, "pinned_at": now} for day in sorted(days)]
        )

    def _store(self, connection: Connection, version: str, document: str, now: datetime) -> None:
        columns = self.documents.c
        known = connection.scalar(select(columns.version).where(columns.version == version))
        if known is None:
            row = {"version": version, "first_used_at": now, "document": document}
            connection.execute(insert(self.documents).values(row).on_conflict_do_nothing())
