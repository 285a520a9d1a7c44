"""Reads costs for people and programs, exactly, by day, tenant, dimension, class or price.

An amount is null where nothing has a price, and coverage says of how many tokens it is the cost.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.costs.book.prices import TokenClass
from usage_pipeline.costs.questions import GROUPS, CostQuery
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.series.outages import Row, Width, with_outages
from usage_pipeline.series.queries import missing_days
from usage_pipeline.series.scan import damage_named, scan
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage

VALUES = ("tokens", "unpriced_tokens", "amount")

_NOT_TOKENS = ", ".join(literal(name) for name in (TokenClass.REQUEST, TokenClass.TOOL_CALL))
_SUMS = (
    f"CAST(coalesce(sum(quantity) FILTER (class NOT IN ({_NOT_TOKENS})), 0) AS BIGINT) AS tokens, "
    "CAST(coalesce(sum(quantity) FILTER (amount IS NULL), 0) AS BIGINT) AS unpriced_tokens, "
    "CAST(CASE WHEN count(*) = 0 THEN 0 ELSE sum(amount) END AS DECIMAL(38,12)) AS amount"
)


@dataclass(frozen=True)
class Cost:
    """What one group cost. All null on a missing day."""

    group: tuple[object, ...]
    tokens: int | None
    unpriced_tokens: int | None
    amount: Decimal | None
    """US dollars, of the tokens, requests and tool calls that have a price; null where none has."""

    @property
    def coverage(self) -> Decimal | None:
        """Percentage of the tokens that have a price, rounded down: 100 only where all have. Null without."""
        return coverage(self.tokens, self.unpriced_tokens)


def coverage(tokens: int | None, unpriced: int | None) -> Decimal | None:
    """Percentage of tokens with a price, two decimals, rounded down."""
    if not tokens or unpriced is None:
        return None
    return Decimal(10_000 * (tokens - unpriced) // tokens).scaleb(-2)


def read_costs(storage: Storage, query: CostQuery) -> list[Cost]:
    """One entry per group, ordered by the groups. Sums of groups and of days are the total, to the last decimal.

    Grouped by day, a missing day has one entry, of nulls, and entries are ordered by day first; grouped by day
    alone, each other day has one too. Where it is not, what is known of missing days counts nowhere.
    """
    missing = set(missing_days(storage, query.range))
    groups = tuple(name for name in query.group_by if name != "day")
    if groups == query.group_by:
        return [_cost(query, groups, row) for row in _sums(storage, query, groups, missing)]
    groups = ("day", *groups)
    found = _sums(storage, query, groups, missing)
    rows = with_outages(query.range.days, missing, found, Width(len(groups) - 1, len(VALUES)))
    return [_cost(query, groups, row) for row in rows]


def _cost(query: CostQuery, groups: Sequence[str], row: Row) -> Cost:
    named = dict(zip((*groups, *VALUES), row, strict=True))
    amount = named["amount"]
    return Cost(
        tuple(named[name] for name in query.group_by),
        named["tokens"],
        named["unpriced_tokens"],
        None if amount is None else Decimal(amount),
    )


def _sums(storage: Storage, query: CostQuery, group_by: tuple[str, ...], missing: Collection[date]) -> list[Row]:
    groups = "".join(f'"{GROUPS[name]}" AS "{name}", ' for name in group_by)
    tests = [f'"{GROUPS[name]}" = {literal(value)}' for name, value in query.where if name != "day"]
    days = [day for day in query.range.days if day not in missing]
    with session(storage.engine) as duck, damage_named():
        return duck.execute(
            f"SELECT {groups}{_SUMS} FROM ({scan(storage, DAILY_COSTS.spec, days)}) AS costs "
            f"WHERE {' AND '.join(tests) or 'true'}" + (" GROUP BY ALL ORDER BY ALL" if group_by else "")
        ).fetchall()
