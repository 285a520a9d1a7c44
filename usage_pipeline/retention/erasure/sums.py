"""Sums of what is erased: rows of a tenant become rows of the tenant `erased`, joined with those that it has.

What people of the tenant named, and every value that holds its id, is replaced, so that only sums are left.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from duckdb import DuckDBPyConnection
from sqlalchemy import false, or_, select

from usage_pipeline.errors import PartitionError
from usage_pipeline.registry import DIMENSION_NAMES, METRIC_NAMES, PRICING_DIMENSION_NAMES
from usage_pipeline.retention.erasure.subject import GONE, Subject, Word
from usage_pipeline.storage import inputs, state
from usage_pipeline.storage.batches import batches_of
from usage_pipeline.storage.daily import DailyTable, SqlFile
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.lake import DAY_OF_OBJECT
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT, TableSpec, Zone
from usage_pipeline.storage.writing import write_partitions
from usage_pipeline.words import count

_GIVEN = frozenset({"tenant_id", "source", "type", "unit", "class", "landing_file", "conversation_digest"})

RUN = "erasure"
"""The run of partitions that an erasure writes."""


class Kept(StrEnum):
    """What is kept of a column."""

    GROUP = "group"
    """Its value: rows are summed by it."""
    NAMED = "named"
    """Nothing: somebody of the tenant named it."""
    SUM = "sum"
    FIRST = "min"
    LAST = "max"
    NOTHING = "nothing"
    """It names a single record, whose row joins that of all others."""


KEPT: Mapping[str, Kept] = {
    **dict.fromkeys(DIMENSION_NAMES, Kept.GROUP),
    **dict.fromkeys(("member_id", "project", "feature", "agent"), Kept.NAMED),
    **dict.fromkeys(PRICING_DIMENSION_NAMES, Kept.GROUP),
    **dict.fromkeys(METRIC_NAMES, Kept.SUM),
    **dict.fromkeys(
        (
            *("day", "tenant_id", "quarter_hour", "conversation_digest", "class", "price_id", "above_tokens_in"),
            *(
                "price_window",
                "unpriced",
                "unrated",
                "used_at",
                "latency_to_ms",
                "issue_type",
                "currency",
                "first_day",
            ),
        ),
        Kept.GROUP,
    ),
    **dict.fromkeys(
        (
            *("quantity", "unpriced_quantity", "amount", "measured", "checks", "clean_checks", "issues"),
            *("operations", "credits", "reporting_records", "reported_credits"),
            *("reported_cost", "compared_records", "compared_cost", "computed_cost", "outliers"),
        ),
        Kept.SUM,
    ),
    "first_at": Kept.FIRST,
    **dict.fromkeys(
        (
            *(
                "last_at",
                "price_book_version",
                "credit_rate_version",
                "last_day",
                "late_usage",
                "closed_at",
                "by",
                "reason",
                "forced",
            ),
            *("last_change", "digest", "version"),
        ),
        Kept.LAST,
    ),
}
"""What is kept of the columns of tables that keep sums."""

_OWN: Mapping[str, Mapping[str, Kept]] = {"cost_drift": {"source": Kept.NOTHING, "record_id": Kept.NOTHING}}
"""Columns that mean something else in one table."""

_ROWS = SqlFile.beside(__file__, "erased_rows")


def kept(spec: TableSpec) -> list[tuple[str, str, Kept]]:
    """Return name, type and what is kept of each column. Raises LookupError for one that nobody has decided."""
    known = {**KEPT, **_OWN.get(spec.name, {})}
    unknown = [name for name in spec.column_names if name not in known]
    if unknown:
        raise LookupError(f"{spec.name}: add {', '.join(unknown)} to what erasure keeps of columns.")
    return [(column.name, column.type, known[column.name]) for column in spec.columns]


def rows_after(spec: TableSpec, subject: Subject, word: Word) -> SqlFile:
    """Return the SELECT of a table's rows after the erasure, from `stored`, those before."""
    value = _value if subject.member_id is None else _value_without_member
    values = [(name, value(name, kind, how, word), _total(name, kind, how)) for name, kind, how in kept(spec)]
    tenants = (subject.tenant_id, *([ERASED_TENANT] if subject.member_id is None else []))
    return replace(
        _ROWS, values=(("columns", tuple(values)), ("tenants", f"({', '.join(map(literal, tenants))})"))
    )


def _value(name: str, kind: str, how: Kept, word: Word) -> str:
    if name == "tenant_id":
        return literal(ERASED_TENANT)
    if name in {"price_book_version", "credit_rate_version"}:  # of several, all rows of a day get the same
        return f'max("{name}") OVER (PARTITION BY day)'
    if how is Kept.NAMED:
        return literal(GONE)
    if how is Kept.NOTHING:
        return "''"
    if kind == "VARCHAR":
        return f'CASE WHEN {word.sql(_quoted(name))} THEN {literal(GONE)} ELSE "{name}" END'
    return _quoted(name)


def _value_without_member(name: str, kind: str, how: Kept, word: Word) -> str:
    if how is Kept.NOTHING:
        return f"CASE WHEN {word.sql('record_id')} THEN '' ELSE {_quoted(name)} END"
    if kind == "VARCHAR" and name != "tenant_id":
        return f"CASE WHEN {word.sql(_quoted(name))} THEN {literal(GONE)} ELSE {_quoted(name)} END"
    return _quoted(name)


def _total(name: str, kind: str, how: Kept) -> str | None:
    """Return the aggregate of a column; None if rows are grouped by it."""
    if how not in {Kept.SUM, Kept.FIRST, Kept.LAST}:
        return None
    return f'CAST({how}("{name}") AS {kind})'


def _quoted(name: str) -> str:
    return f'"{name}"'


def days_to_sum(storage: Storage, table: DailyTable, subject: Subject, word: Word) -> list[date]:
    """Return the days on which a rollup or a warehouse table has rows of the tenant, or that name the member."""
    if table.spec.zone is Zone.WAREHOUSE:
        columns = warehouse_table(table.spec).c
        query = select(columns.day).where(columns.tenant_id == subject.tenant_id).distinct()
        if subject.member_id is not None:
            texts = [columns[name] for name in texts_of(table.spec)]
            query = query.where(
                or_(false(), *(text.contains(subject.member_id, autoescape=True) for text in texts))
            )
        with storage.warehouse.connect() as connection:
            return sorted(connection.execute(query).scalars())
    return days_named(storage, table.spec, subject, word)


def days_named(storage: Storage, spec: TableSpec, subject: Subject, word: Word) -> list[date]:
    """Return the days on which a table of lake or rollups has such rows."""
    objects = storage.lake.days(spec).values()
    if not objects:
        return []
    rows = parquet_scan(objects, "filename = true")
    named = f"SELECT DISTINCT {DAY_OF_OBJECT} FROM {rows} WHERE {is_named(spec, subject, word)}"
    with session(storage.engine) as duck:
        return sorted(day for (day,) in duck.execute(named).fetchall())


def texts_of(spec: TableSpec) -> list[str]:
    """Return the columns that may hold the id of a member: all texts but those that the pipeline itself gives."""
    return [column.name for column in spec.columns if column.type == "VARCHAR" and column.name not in _GIVEN]


def is_named(spec: TableSpec, subject: Subject, word: Word) -> str:
    """Return DuckDB's condition that a row is the tenant's and, if a member is erased, names it."""
    tenant = f"tenant_id = {literal(subject.tenant_id)}"
    if subject.member_id is None:
        return tenant
    return f"({tenant} AND {word.sql_of(texts_of(spec))})"


def sum_days(storage: Storage, table: DailyTable, subject: Subject, word: Word) -> Iterable[list[date]]:
    """Replace the rows of the tenant by sums, and yield the days as they are done.

    Raises PartitionError if a total over all tenants would change; then the days stay as they are.
    """
    for days in batches_of(table.spec, storage, days_to_sum(storage, table, subject, word)):
        _replace(storage, table, days, rows_after(table.spec, subject, word))
        yield days


def _replace(storage: Storage, table: DailyTable, days: Collection[date], sql: SqlFile) -> None:
    """Write the rows of a SELECT over `stored` in the place of those, for inputs that stay as they are."""
    timeout = storage.settings.lock_timeout_seconds
    with partition_locks(storage.warehouse, table.name, days, timeout) as connection:
        known = state.partitions(connection, table.name, min(days), max(days))
        state.mark_writing(connection, table.name, days, RUN)
        connection.commit()
        with session(storage.engine) as duck:
            workspace = inputs.Workspace(storage, connection, duck, {table.name: known})
            _register_stored(workspace, table.spec, days)
            _expect_same_sums(duck, table.spec, sql)
            written = write_partitions(workspace, replace(table, sql=sql, inputs=(), tallies=None), days)
        now = storage.settings.clock.now
        outcomes = {
            day: (
                written[day],
                state.Provenance(known[day].inputs_digest or "", known[day].code_version or "", RUN, now),
            )
            for day in days
        }
        state.mark_committed(connection, table.name, known, outcomes)
        connection.commit()


def _register_stored(workspace: inputs.Workspace, spec: TableSpec, days: Collection[date]) -> None:
    if spec.zone is Zone.WAREHOUSE:
        columns = warehouse_table(spec).c
        found = workspace.connection.execute(select(*columns).where(columns.day.in_(days))).all()
        register_rows(workspace.duck, "stored", spec.columns, found)
        return
    paths = {day: workspace.storage.lake.object(spec, day) for day in days}
    workspace.duck.execute(f"CREATE OR REPLACE TEMP VIEW stored AS {inputs.rows_of(spec, paths)}")


def _expect_same_sums(duck: DuckDBPyConnection, spec: TableSpec, sql: SqlFile) -> None:
    sums = ", ".join(f'sum("{name}")' for name, _, how in kept(spec) if how is Kept.SUM)
    before, after = (_sums(duck, sums, source) for source in ("stored", f"({sql.text})"))
    if before != after:
        raise PartitionError(
            f"{spec.name}: the totals of {count(len(before), 'day')} would change by an erasure; nothing was "
            "written. This is a fault of the pipeline: please report it."
        )


def _sums(duck: DuckDBPyConnection, sums: str, source: str) -> Sequence[tuple[object, ...]]:
    return duck.execute(f"SELECT day, {sums} FROM {source} GROUP BY day ORDER BY day").fetchall()
