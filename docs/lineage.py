"""Column lineage, read from the SELECTs themselves, so that it cannot differ from what runs."""

from collections.abc import Collection, Iterator
from functools import cache

from sqlglot import exp, parse_one
from sqlglot.lineage import Node, lineage

from usage_pipeline.orchestration.lineage import Origin, write_origins
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage.daily import (
    DailyTable,
    Derived,
    EventDays,
    LandedRows,
    Lookback,
    NearbyRows,
    Parameters,
    SameDay,
)

_DAY = "event_day"


def lineage_file() -> str:
    """The lineage of all tables of the flow, as runs read it."""
    return write_origins({table.name: origins(table) for table in DAILY_TABLES})


def origins(table: DailyTable) -> dict[str, Origin]:
    """What each column of the table is made from."""
    derived = {entry.name: entry.sql.text for entry in table.inputs if isinstance(entry, Derived)}
    # Labels of nodes are not used, and trimmed ones cost most of the time.
    nodes = lineage(
        None, table.sql.text, _schema(table), sources=derived, dialect="duckdb", trim_selects=False, copy=False
    )
    assert isinstance(nodes, dict)  # noqa: S101 - without a column name all columns are returned
    return {name: _origin(nodes[name], table) for name in table.spec.column_names}


def _schema(table: DailyTable) -> dict[str, dict[str, str]]:
    schema = {}
    for entry in table.inputs:
        match entry:
            case LandedRows() | SameDay() | Lookback():
                columns = {column.name: column.type for column in entry.spec.columns}
                schema[entry.name] = {**columns, _DAY: "DATE"}
            case EventDays():
                schema[entry.name] = {_DAY: "DATE"}
            case Parameters():
                schema[entry.name] = {"digest_key": "VARCHAR", "lookback_days": "BIGINT"}
            case Derived():
                pass  # its columns follow from those that it reads
            case _:
                schema[entry.name] = {column.name: column.type for column in entry.columns}
    return schema


def _origin(node: Node, table: DailyTable) -> Origin:
    leaves = [leaf for leaf in node.walk() if isinstance(leaf.expression, exp.Table)]
    if not leaves:
        counts = any(part.expression.find(exp.AggFunc) for part in node.walk())
        return Origin((), _rows(table) if counts else ("a constant",))
    stored = {entry.name: entry.spec.name for entry in table.inputs if isinstance(entry, NearbyRows)}
    read = [(leaf.expression.name, leaf.name.rpartition(".")[2].strip('"')) for leaf in leaves]
    found = {(stored.get(name, name), column) for name, column in read}
    assets = _assets(table)
    shipped = sorted({name for name, column in found if name not in assets and column != _DAY})
    columns = {(name, column) for name, column in found if column in assets.get(name, ())}
    columns |= {joined for name in shipped for joined in _joined(table, name)}
    day = ["the day"] if any(column == _DAY for _, column in found) else []
    return Origin(tuple(sorted(columns)), (*day, *(f"`{name}`" for name in shipped)))


def _rows(table: DailyTable) -> tuple[str, ...]:
    read = [entry.name for entry in table.inputs if isinstance(entry, LandedRows | SameDay)]
    return tuple(f"the number of rows of `{name}`" for name in read)


def _assets(table: DailyTable) -> dict[str, Collection[str]]:
    """The tables that are assets, and their columns; the day of a partition is no column of every table."""
    return {
        entry.name: entry.spec.column_names
        for entry in table.inputs
        if isinstance(entry, LandedRows | SameDay | Lookback)
    }


def _joined(table: DailyTable, shipped: str) -> Iterator[tuple[str, str]]:
    """The columns of assets by which the rows of a shipped table are chosen."""
    assets = _assets(table)
    texts = [table.sql.text, *(entry.sql.text for entry in table.inputs if isinstance(entry, Derived))]
    for text in texts:
        for name, columns in _joins(text):
            if name == shipped:
                yield from (column for column in columns if column[1] in assets.get(column[0], ()))


@cache
def _joins(text: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The tables that a SELECT joins, each with the columns of its condition."""
    joins = [join for join in parse_one(text, dialect="duckdb").find_all(exp.Join) if join.args.get("on")]
    return tuple(
        (join.this.name, tuple((column.table, column.name) for column in join.args["on"].find_all(exp.Column)))
        for join in joins
    )
