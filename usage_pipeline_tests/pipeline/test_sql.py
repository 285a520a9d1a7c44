"""SQL after landing is one SELECT per file, in words that Spark knows with the same meaning.

Transpiling alone shows little: sqlglot lets a function pass that it does not know. So every class of
expression has to be on a list that people keep. Landing SQL is exempt.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

import usage_pipeline
from usage_pipeline.billing.ledger.usage import CREDIT_SEGMENTS
from usage_pipeline.costs.rates import Rates
from usage_pipeline.credits.charges import CreditCharges
from usage_pipeline.insights.recommendations.kinds import KINDS
from usage_pipeline.limits.limited_usage import FIRST_DAYS_OVER, LIMIT_USAGE, SOURCES, Shape
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.storage.daily import (
    DailyTable,
    Derived,
    EventDays,
    Input,
    LandedRows,
    Lookback,
    NearbyRows,
    Parameters,
    ReferenceRows,
    SameDay,
    SqlFile,
    UniqueFiles,
)
from usage_pipeline.storage.inputs import register_reference, rows_of
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.state import LineTally
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.cost_findings import COST_SUMS, PRICED_TOKENS
from usage_pipeline.validation.findings import REPEATED_IDS
from usage_pipeline.validation.tallies import COMPARISONS, COUNTED_TOTALS, LANDED_LINES

# Each was looked up in the reference of Spark SQL (built-in functions, and the syntax of queries) and means
# the same there. Before a class is added: look it up, also for nulls, for ties and for what it returns.
# Not on it, because Spark has no such thing or orders otherwise: ordered list(), ASOF joins, PIVOT, COLUMNS.
ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        # The form of a query.
        *(exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Distinct),
        *(exp.With, exp.CTE, exp.Union, exp.Exists, exp.Window),
        # Names and values.
        *(exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Star, exp.Identifier),
        *(exp.Literal, exp.Null, exp.Interval, exp.Var, exp.Cast, exp.DataType),
        # Precision and scale of a decimal, up to 38 in both. A product has the decimals of both factors; in Spark
        # where spark.sql.decimalOperations.allowPrecisionLoss is false. Casts round half away from zero.
        *(exp.DataTypeParam, exp.Paren),
        # Operators.
        *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.LT, exp.LTE, exp.Is),
        *(exp.Add, exp.Sub, exp.Mul, exp.Neg),
        # Functions: count, sum, min, max; row_number, first_value; coalesce, CASE; sha2(text, 256).
        *(exp.Count, exp.Sum, exp.Min, exp.Max, exp.RowNumber, exp.FirstValue),
        *(exp.Coalesce, exp.Case, exp.If, exp.SHA2),
        # date_diff: whole days between two dates. It counts the other way round in Spark: sqlglot turns it.
        *(exp.DateDiff, exp.Var),
        # min_by: rows without an order are passed over in both, those without a value in DuckDB only, so that each
        # must have one. Of equals either may be taken, so that none may be equal. Structs are ordered by field.
        *(exp.ArgMin, exp.Struct, exp.PropertyEQ),
        # chr: the same up to 255. ||: null with a null on either side in both; concat() differs there.
        *(exp.Chr, exp.DPipe),
        # extract: whole hours and minutes in both. Seconds have a fraction in Spark only, which a cast to BIGINT
        # cuts off. Not date_trunc, which makes a time with a zone of one without in Spark.
        exp.Extract,
        # substr, length: of characters, not of bytes. LIKE: % is any text, but a \ in a pattern escapes in
        # Spark only, so a pattern holds none.
        *(exp.Substring, exp.Length, exp.Like),
        # DuckDB's string_split takes its separator literally, Spark's split as a pattern: sqlglot quotes it, see
        # the test below. Both keep empty parts. unnest is explode: a row for each element, none for null.
        *(exp.Split, exp.Explode),
    }
)

# Of a class that also has forms which Spark lacks, the parts that a query may use.
PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Join: frozenset({"this", "on", "side", "kind"}),  # no `method`: that is ASOF and POSITIONAL
    exp.Star: frozenset(),  # no EXCLUDE, REPLACE or RENAME
    exp.Distinct: frozenset({"expressions"}),  # no DISTINCT ON
    exp.Group: frozenset({"expressions", "all"}),  # GROUP BY ALL is in Spark since 3.4
    exp.Union: frozenset({"this", "expression", "distinct", "with_"}),  # no BY NAME
}
JOINS = frozenset({("", "INNER"), ("", "CROSS"), ("LEFT", "")})
EXTRACTED = frozenset({"HOUR", "MINUTE"})
# As sqlglot calls them: DuckDB's VARCHAR is TEXT, its TIMESTAMP is TIMESTAMPNTZ (Spark's TIMESTAMP_NTZ).
TYPES = frozenset({"BIGINT", "TEXT", "DATE", "TIMESTAMPNTZ", "DECIMAL"})


def faults(sql: str) -> Iterator[str]:
    """What is in a query that must not be."""
    statements = sqlglot.parse(sql, dialect="duckdb")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        yield "not one SELECT"
        return
    for node in statements[0].walk():
        name = type(node).__name__
        if isinstance(node, exp.Anonymous):
            yield f"unknown function {node.name}"
        elif type(node) not in ALLOWED:
            yield name
        used = {part for part, value in node.args.items() if value}
        for part in sorted(used - PARTS.get(type(node), used)):
            yield f"{name}.{part}"
        if isinstance(node, exp.Join) and (node.side, node.kind) not in JOINS:
            yield f"{node.side} {node.kind} JOIN".strip()
        if isinstance(node, exp.Extract) and node.name.upper() not in EXTRACTED and not is_whole_second(node):
            yield f"extract {node.name.lower()}"
        if isinstance(node, exp.DataType) and node.this.name not in TYPES:
            yield f"type {node.this.name}"


def is_whole_second(node: exp.Extract) -> bool:
    """Whether the seconds are cast to whole ones."""
    cast = node.parent
    return node.name.upper() == "SECOND" and isinstance(cast, exp.Cast) and cast.to.this.name == "BIGINT"


def sql_files() -> list[Path]:
    names = ("records", "series", "costs", "credits", "billing", "limits", "insights", "validation")
    return sorted(file for name in names for file in (Path(usage_pipeline.__path__[0]) / name).rglob("*.sql"))


def selects() -> dict[str, SqlFile]:
    """The SELECTs of tables, tallies included, of checks, balances, limits and advice, by what they are for."""
    tables = {table.name: table.sql for table in DAILY_TABLES}
    tallies = {f"{table.name}_tallies": table.tallies for table in DAILY_TABLES if table.tallies is not None}
    inputs = [entry for table in DAILY_TABLES for entry in table.inputs if isinstance(entry, Derived)]
    checks = {f"{name}_check": comparison.sql for name, comparison in COMPARISONS.items()}
    others = {
        f"{select.path.stem}_check": select
        for select in (COST_SUMS, COUNTED_TOTALS, LANDED_LINES, PRICED_TOKENS, REPEATED_IDS)
    }
    others |= {select.path.stem: select for select in (CREDIT_SEGMENTS, FIRST_DAYS_OVER, LIMIT_USAGE)}
    others |= {
        f"limits_of_{source.spec.name}": source.days(source.metrics, Shape(("model",), ("project",)))
        for source in SOURCES
    }
    others |= {kind.name: kind.sql for kind in KINDS}
    return {**tables, **tallies, **{entry.name: entry.sql for entry in inputs}, **checks, **others}


each_select = pytest.mark.parametrize("select", selects().values(), ids=selects())


def test_every_file_belongs_to_a_table_a_check_balances_limits_or_advice() -> None:
    assert set(sql_files()) == {select.path for select in selects().values()}


@each_select
def test_a_file_is_one_select_of_words_that_are_allowed(select: SqlFile) -> None:
    assert sorted(set(faults(select.text))) == []


@each_select
def test_a_file_can_be_carried_to_spark(select: SqlFile) -> None:
    (spark,) = sqlglot.transpile(select.text, "duckdb", "spark", unsupported_level=ErrorLevel.RAISE)
    assert isinstance(sqlglot.parse_one(spark, dialect="spark"), exp.Select)


def test_a_separator_stays_literal_in_spark() -> None:
    sql = "SELECT unnest(string_split(a, '.')) AS part FROM t"
    assert sqlglot.transpile(sql, "duckdb", "spark") == [
        r"SELECT EXPLODE(SPLIT(a, CONCAT('\\Q', '.', '\\E'))) AS part FROM t"
    ]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT frobnicate(a) FROM t", "unknown function frobnicate"),
        ("SELECT a FROM t PIVOT (sum(b) FOR c IN ('x', 'y'))", "Pivot"),
        ("PIVOT t ON c USING sum(b)", "not one SELECT"),
        ("SELECT a FROM t ASOF JOIN u ON t.a >= u.a", "Join.method"),
        ("SELECT a FROM t POSITIONAL JOIN u", "Join.method"),
        ("SELECT a FROM t SEMI JOIN u ON t.a = u.a", "SEMI JOIN"),
        ("SELECT a FROM t FULL JOIN u ON t.a = u.a", "FULL  JOIN"),
        ("SELECT list(a ORDER BY b) FROM t", "ArrayAgg"),
        ("SELECT COLUMNS('a.*') FROM t", "Columns"),
        ("SELECT * EXCLUDE (a) FROM t", "Star.except_"),
        ("SELECT DISTINCT ON (a) b FROM t", "Distinct.on"),
        ("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "Qualify"),
        ("SELECT a FROM t UNION ALL BY NAME SELECT a FROM u", "not one SELECT"),
        ("WITH c AS (SELECT a FROM t UNION ALL BY NAME SELECT a FROM u) SELECT a FROM c", "Union.by_name"),
        ("SELECT a FROM t USING SAMPLE 10", "TableSample"),
        ("SELECT a / b FROM t", "Div"),
        ("SELECT extract(second FROM a) FROM t", "extract second"),
        ("SELECT date_trunc('hour', a) FROM t", "TimestampTrunc"),
        ("SELECT TRY_CAST(a AS BIGINT) FROM t", "TryCast"),
        ("SELECT CAST(a AS DOUBLE) FROM t", "type DOUBLE"),
        ("SELECT approx_count_distinct(a) FROM t", "ApproxDistinct"),
        ("SELECT 1; SELECT 2", "not one SELECT"),
        ("DELETE FROM t", "not one SELECT"),
    ],
)
def test_what_spark_lacks_or_a_meter_may_not_use_is_found(sql: str, found: str) -> None:
    assert found in set(faults(sql))


def register_empty(duck: duckdb.DuckDBPyConnection, entry: Input) -> None:
    """Make an input readable that holds no rows."""
    match entry:
        case ReferenceRows():
            register_reference(entry, duck)
        case Parameters():
            duck.execute(f"CREATE VIEW {entry.name} AS SELECT 'key' AS digest_key, 90 AS lookback_days")
        case EventDays():
            duck.execute(f"CREATE VIEW {entry.name} AS SELECT DATE '2026-05-01' AS event_day")
        case Rates() | CreditCharges() | UniqueFiles() | NearbyRows():
            register_rows(duck, entry.name, entry.columns, [])
        case Derived():
            duck.execute(f"CREATE VIEW {entry.name} AS {entry.sql.text}")
        case LandedRows() | SameDay() | Lookback():
            duck.execute(f"CREATE VIEW {entry.name} AS {rows_of(entry.spec, {})}")
        case _:
            raise AssertionError(entry.name)


def describe(duck: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[str, str]]:
    return [row[:2] for row in duck.execute(f"DESCRIBE ({sql})").fetchall()]


@pytest.mark.parametrize("table", DAILY_TABLES, ids=lambda table: table.name)
def test_a_select_gives_the_columns_of_its_table(table: DailyTable) -> None:
    with duckdb.connect() as duck:
        for entry in table.inputs:
            register_empty(duck, entry)
        found = describe(duck, table.sql.text)
    day = [] if table.spec.day_column == "day" else [("event_day", "DATE")]
    assert found == [*day, *((column.name, column.type) for column in table.spec.columns)]


@pytest.mark.parametrize(
    "table", [table for table in DAILY_TABLES if table.tallies is not None], ids=lambda table: table.name
)
def test_accounts_are_whole_numbers_per_day_and_file(table: DailyTable) -> None:
    assert table.tallies is not None
    with duckdb.connect() as duck:
        for entry in table.inputs:
            register_empty(duck, entry)
        duck.execute(f"CREATE VIEW {table.name} AS {rows_of(table.spec, {})}")
        found = describe(duck, table.tallies.text)
    keys = [("day", "DATE"), ("path", "VARCHAR")]
    assert found == [*keys, *((field.name, "BIGINT") for field in fields(LineTally)[2:])]


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_no_column_is_inexact_or_wider_than_what_reads_it(spec: TableSpec) -> None:
    types = {column.type for column in spec.columns}
    assert types & {"DOUBLE", "FLOAT", "REAL", "HUGEINT", "UHUGEINT"} == set()
