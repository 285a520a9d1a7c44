"""How a partition of an event-day table is written, and which partitions have to be.

A partition whose recorded inputs digest differs from what its inputs have now is stale; one whose object
is gone is missing. Recomputing both until none is left makes the result independent of the order in which
days arrived, and of where a process died.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path

from duckdb import BinderException, ConversionException, DuckDBPyConnection, OutOfRangeException
from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import inputs, state, versions
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.digests import digest_of
from usage_pipeline.storage.engine import PARQUET, literal, parquet_scan, session
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import LineAccount, Partition, Written
from usage_pipeline.storage.tables import Zone
from usage_pipeline.storage.warehouse import replace_partition


def compute_partition(storage: Storage, table: DailyTable, day: date, run: str) -> Partition:
    """Compute one day of one table and commit it; a day that is computed twice changes nothing.

    Raises LockTimeoutError when another writer keeps the partition, PartitionError when an input is not
    whole. In both cases the partition keeps its rows.
    """
    timeout = storage.settings.lock_timeout_seconds
    with partition_locks(storage.warehouse, table.name, [day], timeout) as connection:
        for entry in table.inputs:
            inputs.settle(entry, storage, connection, day)
        # Taken before the inputs are read: an input that is replaced meanwhile leaves this partition stale.
        inputs_digest = inputs_digests(storage, connection, table, [day])[day]
        published = versions.published(connection, table, day)
        state.mark_writing(connection, table.name, [day], run)
        connection.commit()
        with session(storage.engine) as duck:
            for entry in table.inputs:
                inputs.register(entry, storage, connection, duck, day)
            written = _write(storage, connection, duck, table, day)
        if written.accounts is not None:
            state.record_accounts(connection, day, written.accounts)
        provenance = state.Provenance(inputs_digest, table.code_version, storage.settings.clock())
        partition = state.mark_committed(connection, table.name, {day: (written, provenance)})[day]
        lookback_days = storage.settings.lookback_days if table.looks_back else 0
        versions.record_changes(connection, published, partition, lookback_days)
        connection.commit()
    return partition


def _write(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, table: DailyTable, day: date
) -> Written:
    try:
        return _WRITERS[table.spec.zone](storage, connection, duck, table, day)
    except BinderException as error:
        raise PartitionError(
            f"{table.name} of {day}: what it reads has another schema: {str(error).splitlines()[0]} "
            "Nothing was written. Run `usage-pipeline land` and `usage-pipeline recompute` for the days concerned."
        ) from None
    except (ConversionException, OutOfRangeException):
        # Without the library's text, which quotes a value.
        raise PartitionError(
            f"{table.name} of {day}: a total has more than 18 digits, which no real usage has. "
            "Find the file that brought such counts, and take it back with `withdraw`."
        ) from None


def inputs_digests(
    storage: Storage, connection: Connection, table: DailyTable, days: Collection[date]
) -> dict[date, str]:
    """For each day, one digest over all that the table reads."""
    per_input = [inputs.digests(entry, storage, connection, days) for entry in table.inputs]
    return {day: fingerprint(digests[day] for digests in per_input) for day in days}


def stale_days(storage: Storage, connection: Connection, table: DailyTable, days: Collection[date]) -> set[date]:
    """Those of the days whose partition is missing, half-written, or computed from other inputs."""
    known = state.partitions(connection, table.name)
    current = inputs_digests(storage, connection, table, days)
    objects = None if table.spec.zone == Zone.WAREHOUSE else storage.lake.days(table.spec)

    def is_current(day: date) -> bool:
        partition = known.get(day)
        return (
            partition is not None
            and partition.committed
            and partition.inputs_digest == current[day]
            and (objects is None or day in objects)
        )

    return {day for day in days if not is_current(day)}


def _write_object(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, table: DailyTable, day: date
) -> Written:
    select = _select(storage, connection, duck, table, day)
    written: list[Written] = []

    def write(path: Path) -> None:
        duck.execute(f"COPY ({select}) TO {literal(str(path))} ({PARQUET})")
        duck.execute(f'CREATE TEMP VIEW "{table.name}" AS FROM {parquet_scan([path])}')
        written.append(_measure(duck, table))
        _expect_balance(table, day, written[0])

    storage.lake.replace(storage.lake.object(table.spec, day), write)
    return written[0]


def _select(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, table: DailyTable, day: date
) -> str:
    """The table's SELECT; columns that it takes over and that are empty on the day are put beside it.

    DuckDB sorts rows as a whole, and an empty text is as wide there as any.
    """
    if table.takes_over is None:
        return table.sql.text
    unfilled = inputs.unfilled_columns(table.takes_over, storage, connection, duck, day)
    columns = (
        f'CAST(NULL AS {column.type}) AS "{column.name}"' if column.name in unfilled else f'"{column.name}"'
        for column in table.spec.columns
    )
    return f"SELECT {', '.join(columns)} FROM ({table.sql.text})"


def _write_rows(
    _: Storage, connection: Connection, duck: DuckDBPyConnection, table: DailyTable, day: date
) -> Written:
    duck.execute(f'CREATE TEMP TABLE "{table.name}" AS {table.sql.text}')
    rows = duck.execute(f'FROM "{table.name}"').fetchall()
    replace_partition(connection, table.name, day, table.spec.column_names, rows)
    return _measure(duck, table)


def _measure(duck: DuckDBPyConnection, table: DailyTable) -> Written:
    digest = digest_of(duck, f'"{table.name}"', table.spec.digested)
    if table.accounts is None:
        return Written(digest)
    names = ", ".join(field.name for field in fields(LineAccount))
    rows = duck.execute(f"SELECT {names} FROM ({table.accounts.text})").fetchall()
    return Written(digest, tuple(LineAccount(*row) for row in rows))


def _expect_balance(table: DailyTable, day: date, written: Written) -> None:
    for account in written.accounts or ():
        if not account.balanced:
            raise PartitionError(
                f"{table.name} of {day}: the accepted lines of {account.path} do not add up: {account}. "
                "This is a fault of the pipeline: please report it."
            )


_Writer = Callable[[Storage, Connection, DuckDBPyConnection, DailyTable, date], Written]
_WRITERS: Mapping[Zone, _Writer] = {
    Zone.LAKE: _write_object,
    Zone.ROLLUPS: _write_object,
    Zone.WAREHOUSE: _write_rows,
}
