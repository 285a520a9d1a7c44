"""Great Expectations on a DuckDB connection of ours. Imported by the one function that validates: it is slow.

It knows no DuckDB. Through its general SQL source every result is read after the connection went back to the
pool, so the engine here keeps one connection, the one that it is given.
"""

import atexit
import gc
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
        """The one connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class _Session(ConnectionWrapper):
    """Runs each query by itself: in a transaction one that fails would take those after it down."""

    def begin(self) -> None:
        """Begin nothing."""

    def commit(self) -> None:
        """Nothing was begun."""

    def rollback(self) -> None:
        """Nothing was begun."""


@atexit.register
def _let_go() -> None:
    """DuckDB complains of references that remain when the process ends; these modules are never unloaded."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb_engine"]:
        vars(sys.modules[name]).clear()
    gc.collect()


_SOURCE = "duckdb"
_ResultFormat = Literal["BASIC", "BOOLEAN_ONLY"]
_EngineType = type[SqlAlchemyExecutionEngine]


class DuckDBDatasource(SQLDatasource):
    """A source of query assets whose metrics are computed by that engine."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]  # sources are told apart by it

    @property
    def execution_engine_type(self) -> _EngineType:
        """What computes the metrics."""
        return DuckDBExecutionEngine


def _config() -> DataContextConfig:
    """It keeps all in memory, tells nobody, and draws nothing."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


class Validator:
    """Validates what queries on one DuckDB connection give, until it is closed."""

    def __init__(self, duck: DuckDBPyConnection) -> None:
        """Take a connection, which is closed with it."""
        self._context = gx.get_context(mode="ephemeral", project_config=_config())
        self._opened = [_Session(duck)]
        self._source = self._context.data_sources.add_duckdb(
            name=_SOURCE,
            connection_string="duckdb://",
            create_temp_table=False,
            kwargs={"creator": lambda: self._opened[0], "poolclass": sa.StaticPool},
        )
        self._definitions: dict[str, BatchDefinition[None]] = {}

    def validate(self, query: str, expectations: Sequence[Expectation]) -> list[Any]:
        """What each expectation finds on the rows that the query gives now, with the numbers."""
        return self._validate(query, expectations, "BASIC")

    def hold(self, query: str, expectations: Sequence[Expectation]) -> list[Any]:
        """Whether each expectation holds for the rows that the query gives now: it asks for no values at fault."""
        return self._validate(query, expectations, "BOOLEAN_ONLY")

    def _validate(
        self, query: str, expectations: Sequence[Expectation], result_format: _ResultFormat
    ) -> list[Any]:
        batch = self._definition(query).get_batch()
        suite = ExpectationSuite(name=_SOURCE, expectations=list(expectations))
        return list(batch.validate(suite, result_format=result_format).results)

    def _definition(self, query: str) -> BatchDefinition[None]:
        """The query as the library knows it: making it known takes longer than many a query."""
        if query not in self._definitions:
            asset = self._source.add_query_asset(name=f"query_{len(self._definitions)}", query=query)
            self._definitions[query] = asset.add_batch_definition_whole_table("all")
        return self._definitions[query]

    def close(self) -> None:
        """Let go of the connection: the library keeps the context for the rest of the process."""
        engine = self._source.get_execution_engine()
        with engine.get_connection() as connection:
            connection.close()
        engine.engine.dispose()
        self._context.data_sources.delete(_SOURCE)
        self._opened.clear()
