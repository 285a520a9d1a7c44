"""The three series, requests, cost and credits day by day."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from usage_pipeline.clock import days_between
from usage_pipeline.metrics.answers import Row, one_decimal
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.reports.batch import COST_TABLES, CREDIT_TABLES, USAGE_TABLES, Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.table_spec import TableSpec
from usage_pipeline.series.status import DayStatus
from usage_pipeline.series.tables import DAILY_USAGE

_WEEK = 7

DAILY = TableSpec(
    "daily",
    "Day by day",
    "Days are UTC. A missing day lacks numbers: its logs are not there, or not computed yet. The average is that "
    "of the last seven days, without those that are missing.",
    (
        Column("day", "Day", Kind.DAY),
        Column("status", "Status", Kind.TEXT),
        Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
        Column("tokens_average", "7-day average", Kind.DECIMAL),
        Column("conversations", "Conversations", Kind.COUNT, adds_up=True),
        Column("messages", "Messages", Kind.COUNT, adds_up=True),
        Column("requests", "Requests", Kind.COUNT, adds_up=True),
        Column("cost", "Cost, USD", Kind.MONEY, adds_up=True),
        Column("credits", "Credits", Kind.CREDITS, adds_up=True),
    ),
)
_METRICS = ("tokens_total", "conversations", "messages", "requests")
_NO_USAGE: Row = {**dict.fromkeys(_METRICS, 0), "credits": Decimal(0)}
_NO_COSTS: Row = {"amount": Decimal(0)}
_UNKNOWN_USAGE: Row = dict.fromkeys((*_METRICS, "credits"))
_UNKNOWN_COSTS: Row = {"amount": None}

ByDay = Mapping[date, Row]


def daily(batch: Batch) -> Tables:
    """Return one row for each day."""
    usage = batch.ask_usage(("day",), _METRICS)
    costs = batch.ask_by(CostQuery, "day", ("tokens", "amount"))
    averages = _averages(batch)
    rated = batch.known(CREDIT_TABLES)
    with_usage = {
        day: _NO_USAGE if day in rated else {**_NO_USAGE, "credits": None} for day in batch.known(USAGE_TABLES)
    }
    with_costs = dict.fromkeys(batch.known(COST_TABLES), _NO_COSTS)
    return {
        subject: [
            DAILY.summed(
                _rows(
                    batch,
                    {**with_usage, **{row["day"]: row for row in usage.get(subject, ())}},
                    {**with_costs, **costs.get(subject, {})},
                    averages[subject],
                )
            )
        ]
        for subject in batch.subjects
    }


def _rows(batch: Batch, usage: ByDay, costs: ByDay, averages: Mapping[date, Decimal | None]) -> Iterator[Values]:
    for day, status in batch.statuses.items():
        average = averages[day] if day in usage else None
        yield _row(day, status, usage.get(day, _UNKNOWN_USAGE), average, costs.get(day, _UNKNOWN_COSTS))


def _row(day: date, status: DayStatus, usage: Row, average: Decimal | None, costs: Row) -> Values:
    counts = (usage["conversations"], usage["messages"], usage["requests"])
    return day, str(status), usage["tokens_total"], average, *counts, costs["amount"], usage["credits"]


def _averages(batch: Batch) -> Mapping[TenantId, Mapping[date, Decimal | None]]:
    """Return the average tokens of the seven days up to each day, without those that are missing."""
    first = batch.period.first - timedelta(days=_WEEK - 1)
    period = ReportPeriod(first, batch.period.last)
    known = batch.known((DAILY_USAGE.name,), period)
    tokens = batch.ask_by(UsageQuery, "day", ("tokens_total",), period)

    def average(subject: TenantId, day: date) -> Decimal | None:
        week = known.intersection(days_between(day - timedelta(days=_WEEK - 1), day))
        of_day = tokens.get(subject, {})
        return one_decimal(sum(of_day[other]["tokens_total"] for other in week if other in of_day), len(week))

    return {subject: {day: average(subject, day) for day in batch.statuses} for subject in batch.subjects}
