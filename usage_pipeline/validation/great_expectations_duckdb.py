"""Runs Great Expectations on an open DuckDB connection.

The library has no DuckDB source. Its general SQL source reads results after the connection went back to the pool,
so the engine here keeps one connection. Only the function that validates imports this module, because it is slow.
"""

import atexit
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import great_expectations as gx
import sqlalchemy as sa
from duckdb import DuckDBPyConnection
from duckdb_engine import ConnectionWrapper
from great_expectations.core import ExpectationSuite
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import Expectation


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Computes metrics on one connection, and makes no temporary tables."""

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Yield the one connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class _Session(ConnectionWrapper):
    """Runs each query alone, because a query that fails in a transaction would make the later ones fail."""

    def begin(self) -> None:
        """Do nothing."""

    commit = rollback = begin


@atexit.register
def _let_go() -> None:
    # DuckDB warns of references that are left when the process ends, and these modules are never unloaded.
    for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb_engine"]:
        vars(sys.modules[name]).clear()


_SOURCE = "duckdb"
ResultFormat = Literal["BASIC", "BOOLEAN_ONLY"]
"""With numbers, or only success or failure, which needs no query for the rows at fault."""

_EngineType = type[SqlAlchemyExecutionEngine]


class DuckDBDatasource(SQLDatasource):
    """A source of query assets whose metrics this engine computes."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]  # the library tells sources apart by it

    @property
    def execution_engine_type(self) -> _EngineType:
        """The engine that computes the metrics."""
        return DuckDBExecutionEngine


class Validator:
    """Validates the rows of queries on one DuckDB connection."""

    def __init__(self, duck: DuckDBPyConnection) -> None:
        """Take over the connection: `close` closes it."""
        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        self._context = gx.get_context(mode="ephemeral", project_config=config)
        self._opened = [_Session(duck)]
        self._source = self._context.data_sources.add_duckdb(
            name=_SOURCE,
            connection_string="duckdb://",
            create_temp_table=False,
            kwargs={"creator": lambda: self._opened[0], "poolclass": sa.StaticPool},
        )
        self._definitions: dict[str, BatchDefinition[None]] = {}

    def validate(self, query: str, expectations: Sequence[Expectation], result_format: ResultFormat) -> list[Any]:
        """Return the result of each expectation on the rows of the query."""
        batch = self._definition(query).get_batch()
        suite = ExpectationSuite(name=_SOURCE, expectations=list(expectations))
        return list(batch.validate(suite, result_format=result_format).results)

    def _definition(self, query: str) -> BatchDefinition[None]:
        """Return the library's definition of the query, kept because making one takes longer than most queries."""
        if query not in self._definitions:
            asset = self._source.add_query_asset(name=f"query_{len(self._definitions)}", query=query)
            self._definitions[query] = asset.add_batch_definition_whole_table("all")
        return self._definitions[query]

    def close(self) -> None:
        """Close the connection. The library keeps the context until the process ends."""
        engine = self._source.get_execution_engine()
        with engine.get_connection() as connection:
            connection.close()
        engine.engine.dispose()
        self._context.data_sources.delete(_SOURCE)
        self._opened.clear()
