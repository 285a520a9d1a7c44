"""Migrated databases that tests use by turns."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import SCHEMA
from usage_pipeline.storage.warehouse import Connections, connect_warehouse
from usage_pipeline_tests.snapshot import FILLED

UNCLEANED = 8
"""After so many tests the room of deleted rows is cleaned, which takes as long as all else between two tests."""


@dataclass(frozen=True)
class Databases:
    """Migrated databases that tests use by turns, each with an engine.

    To create a database and to compile all statements for it takes as long as a small test. A test gets an empty
    one, whose connections keep nothing of the test before.
    """

    create: Callable[[], str]
    engines: dict[str, Engine] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    filled: defaultdict[str, list[Sequence[str]]] = field(default_factory=lambda: defaultdict(list))
    """By URL, the tables that tests have filled since the room of deleted rows was last cleaned."""

    @contextmanager
    def taken(self) -> Iterator[str]:
        """The URL of one that nobody else uses meanwhile."""
        url = self.free.pop() if self.free else self.create()
        if url not in self.engines:
            self.engines[url] = connect_warehouse(Settings.load(database_url=url), Connections(kept=2))
        yield url
        engine = self.engines[url]
        _forget_session(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET lock_timeout = '1s'")
            connection.exec_driver_sql("SET session_replication_role = replica")  # else the ledger refuses it
            if filled := connection.exec_driver_sql(FILLED).scalars().all():
                connection.exec_driver_sql("; ".join(f"DELETE FROM {table}" for table in filled))
                self.filled[url].append(filled)
            if len(self.filled[url]) == UNCLEANED:
                connection.exec_driver_sql(f"VACUUM {', '.join(set().union(*self.filled.pop(url)))}")
            connection.exec_driver_sql(f"{_RESTARTED}; RESET lock_timeout; RESET session_replication_role")
        self.free.append(url)


def _forget_session(engine: Engine) -> None:
    """Reset what a test has set on its connections, and free the locks that it left."""
    with ExitStack() as together:
        idle = [together.enter_context(closing(engine.raw_connection())) for _ in range(engine.pool.checkedin())]
        for connection in idle:
            connection.cursor().execute("RESET ALL; SELECT pg_advisory_unlock_all()")


_RESTARTED = f"""
SELECT setval(schemaname || '.' || sequencename, 1, false) FROM pg_sequences WHERE schemaname = '{SCHEMA}'
"""
