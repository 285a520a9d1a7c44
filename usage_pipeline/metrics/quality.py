"""Reads what consistency checks found, by issue type."""

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.metrics.answers import Answer, Row, conditions, one_decimal
from usage_pipeline.metrics.cubes import read_usage
from usage_pipeline.metrics.queries import QualityQuery, UsageQuery
from usage_pipeline.series.breakdown_tables import ALL, DAILY_QUALITY
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_quality = warehouse_table(DAILY_QUALITY.spec)


def read_quality(storage: Storage, query: QualityQuery) -> Answer:
    """Read all checks and the issue types, and relate them to the prompts of the same days."""
    asked = UsageQuery(query.first, query.last, (), query.where, ("prompts",), among=query.among)
    usage = read_usage(storage, asked)
    prompts = usage.by_group[()]["prompts"]
    with storage.warehouse.connect() as connection:
        table = daily_quality.c
        sums = [cast(func.sum(table[name]), BigInteger) for name in ("checks", "clean_checks", "issues")]
        selected = select(table.issue_type, *sums).where(*conditions(query, daily_quality, usage.known))
        found = connection.execute(selected.group_by(table.issue_type))
        counts = {ALL: (0, 0, 0), **{name: (checks, clean, issues) for name, checks, clean, issues in found}}
    ordered = sorted(counts, key=lambda name: (name != ALL, -counts[name][2], name))
    return Answer(query, [_row(query, name, counts[name], prompts) for name in ordered], usage.statuses)


def _row(query: QualityQuery, issue_type: str, counts: tuple[int, int, int], prompts: int) -> Row:
    checks, clean, issues = counts
    row = {
        "issue_type": issue_type,
        "checks": checks,
        "clean_percent": one_decimal(100 * clean, checks) if issue_type == ALL else None,
        "issues": issues,
        "issues_per_1000_prompts": one_decimal(1000 * issues, prompts),
    }
    return {name: row[name] for name in query.columns}
