"""Reads what consistency checks found, by issue type."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.metrics.answers import Answer, Row, conditions, known_days, one_decimal, statuses_of
from usage_pipeline.metrics.cubes import read_usage
from usage_pipeline.metrics.queries import QualityQuery, UsageQuery
from usage_pipeline.series.breakdown_tables import ALL, DAILY_QUALITY
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_quality = warehouse_table(DAILY_QUALITY.spec)

_Counts = dict[str, tuple[int, int, int]]
"""Checks, those without an issue, and issues, by issue type."""
_Subject = tuple[str, ...]
"""The tenant; nothing of all together."""


def read_quality(storage: Storage, query: QualityQuery) -> Answer:
    """Read all checks and the issue types, and relate them to the prompts of the same days."""
    of_each = query.group_by[1:]
    usage = read_usage(
        storage, UsageQuery(query.first, query.last, of_each, query.where, ("prompts",), among=query.among)
    )
    return relate_quality(storage, query, usage)


def relate_quality(storage: Storage, query: QualityQuery, usage: Answer) -> Answer:
    """Read the same, and relate it to usage that has the prompts of the same days and tenants."""
    of_each = query.group_by[1:]
    statuses = statuses_of(storage, query.days, DAILY_USAGE.name, DAILY_QUALITY.name)
    prompts = {subject: row["prompts"] for subject, row in usage.by_group.items()}
    counts = _read_counts(storage, query, known_days(statuses))
    subjects = sorted(counts) if of_each else [()]
    rows = [row for subject in subjects for row in _rows(query, subject, counts[subject], prompts.get(subject, 0))]
    return Answer(query, rows, statuses)


def _read_counts(storage: Storage, query: QualityQuery, days: Collection[date]) -> defaultdict[_Subject, _Counts]:
    table = daily_quality.c
    groups = [table[query.groups[name]] for name in query.group_by]
    sums = [cast(func.sum(table[name]), BigInteger) for name in ("checks", "clean_checks", "issues")]
    selected = select(*groups, *sums).where(*conditions(query, daily_quality, days)).group_by(*groups)
    counts: defaultdict[_Subject, _Counts] = defaultdict(dict)
    with storage.warehouse.connect() as connection:
        for issue_type, *subject, checks, clean, issues in connection.execute(selected):
            counts[tuple(subject)][issue_type] = (checks, clean, issues)
    return counts


def _rows(query: QualityQuery, subject: _Subject, found: _Counts, prompts: int) -> Iterator[Row]:
    counts = {ALL: (0, 0, 0), **found}
    for name in sorted(counts, key=lambda name: (name != ALL, -counts[name][2], name)):
        checks, clean, issues = counts[name]
        row = {
            **dict(zip(query.group_by, (name, *subject), strict=True)),
            "checks": checks,
            "clean_percent": one_decimal(100 * clean, checks) if name == ALL else None,
            "issues": issues,
            "issues_per_1000_prompts": one_decimal(1000 * issues, prompts),
        }
        yield {column: row[column] for column in query.columns}
