"""Rows of a query as an answer: by their groups or the largest first, with their total."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import Field

from usage_pipeline.api.answers import AnswerModel, Cell, MissingDays, cell
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.metrics import queries
from usage_pipeline.metrics.answers import Answer, Row, coverage
from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.metrics.refusals import check_known
from usage_pipeline.metrics.words import DECIMAL_METRICS

MOST_ROWS = 10_000
_USUAL_ROWS = 1_000


class RowsAnswer(AnswerModel):
    """Sums by groups. A missing day is in no sum; where days are a group it has one row, of nulls."""

    items: list[dict[str, Cell]] = Field(
        description="One row for each combination of groups: first the groups, then the metrics."
    )
    total: dict[str, Cell] = Field(description="The metrics of all rows, also of those that are left out.")
    left_out: int = Field(description="How many rows there are beyond `take`.")
    missing_days: MissingDays


@dataclass(frozen=True)
class Showing:
    """Which rows are shown, and in which order."""

    sort: str | None
    take: int


async def showing(
    sort: Annotated[
        str | None, Query(description="The metric by which the largest rows come first; without it by groups.")
    ] = None,
    take: Annotated[int, Query(ge=1, le=MOST_ROWS, description="The most rows.")] = _USUAL_ROWS,
) -> Showing:
    """Return what is asked for."""
    return Showing(sort, take)


Shown = Annotated[Showing, Depends(showing)]
GroupBy = Annotated[str, Query(alias="groupBy", description="Words to group by, with commas between them.")]


def read_rows(data: TenantData, query: queries.Query, shown: Showing) -> RowsAnswer:
    """Read the rows. Raises QueryError for an unknown word."""
    sort = shown.sort
    check_known("metric", [] if sort is None else [sort], query.metrics)
    answer = data.read(query)
    total = total_of(answer)
    rows = answer.rows if query.group_by else [total]
    if sort is not None:
        rows = sorted(rows, key=lambda row: _size(row[sort]), reverse=True)
    return RowsAnswer(
        items=[_cells(query, row) for row in rows[: shown.take]],
        total=_cells(query, total),
        left_out=max(len(rows) - shown.take, 0),
        missing_days=len(answer.missing),
    )


def total_of(answer: Answer) -> Row:
    """Return the sums of all rows; nulls if all days are missing."""
    query = answer.query
    with exact():
        total: Row = {name: _sum(answer, name) for name in query.metrics}
    if isinstance(query, CostQuery):
        for name, (whole, *parts) in query.coverages.items():
            total[name] = coverage(total[whole], sum(total[part] or 0 for part in parts))
    return total


def _sum(answer: Answer, metric: str) -> int | Decimal | None:
    missing = set(answer.missing)
    found = [row[metric] for row in answer.rows if row.get("day") not in missing]
    known = [value for value in found if value is not None]
    if not answer.known or (found and not known):
        return None
    return sum(known, Decimal(0) if metric in DECIMAL_METRICS else 0)


def _size(value: Any) -> tuple[bool, Any]:  # noqa: ANN401 - a number or None
    return value is not None, value or 0


def _cells(query: queries.Query, row: Row) -> dict[str, Cell]:
    return {name: cell(row[name]) for name in query.columns if name in row and name != "missing_days"}
