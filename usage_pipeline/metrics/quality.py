"""Reads what consistency checks found, by issue type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.metrics.queries import UsageQuery, of_tenant
from usage_pipeline.metrics.ratios import one_decimal
from usage_pipeline.metrics.read import read
from usage_pipeline.series.breakdown_tables import ALL, DAILY_QUALITY
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_quality = warehouse_table(DAILY_QUALITY.spec)


@dataclass(frozen=True)
class Quality:
    """All checks (`(all)`), or those in which one issue type occurred. Ratios have one decimal.

    `clean_percent` is the share of checks without an issue: of all checks only, and null without checks.
    """

    issue_type: str
    checks: int
    clean_percent: Decimal | None
    issues: int
    issues_per_1000_prompts: Decimal | None


def read_quality(storage: Storage, tenant_id: str | None, first: date, last: date) -> list[Quality]:
    """All checks from first to last, both included, then the issue types, the most frequent first.

    Of one tenant, or of all together where none is named.
    """
    usage = UsageQuery(first, last, (), of_tenant(tenant_id), ("prompts",))
    answer = read(storage, usage)
    prompts = answer.by_group[()]["prompts"]
    counts = {ALL: (0, 0, 0), **_counts(storage, tenant_id, answer.known)}
    ordered = sorted(counts, key=lambda name: (name != ALL, -counts[name][2], name))
    return [_quality(name, counts[name], prompts) for name in ordered]


def _quality(issue_type: str, counts: tuple[int, int, int], prompts: int) -> Quality:
    checks, clean, issues = counts
    return Quality(
        issue_type=issue_type,
        checks=checks,
        clean_percent=one_decimal(100 * clean, checks) if issue_type == ALL else None,
        issues=issues,
        issues_per_1000_prompts=one_decimal(1000 * issues, prompts),
    )


def _counts(storage: Storage, tenant_id: str | None, days: Sequence[date]) -> dict[str, tuple[int, int, int]]:
    """Checks, clean checks and issues by issue type."""
    table = daily_quality.c
    sums = [cast(func.sum(table[name]), BigInteger) for name in ("checks", "clean_checks", "issues")]
    query = select(table.issue_type, *sums).where(table.day.in_(days)).group_by(table.issue_type)
    if tenant_id is not None:
        query = query.where(table.tenant_id == tenant_id)
    with storage.warehouse.connect() as connection:
        return {name: (checks, clean, issues) for name, checks, clean, issues in connection.execute(query)}
