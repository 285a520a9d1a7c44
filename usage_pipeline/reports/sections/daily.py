"""The three series, requests, cost and credits day by day."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from usage_pipeline.clock import days_between
from usage_pipeline.metrics.answers import Row, known_days, one_decimal, statuses_of
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.table_spec import TableSpec
from usage_pipeline.series.status import DayStatus

_WEEK = 7

DAILY = TableSpec(
    "daily",
    "Day by day",
    "Days are UTC. A missing day has no numbers: its logs are not there. The average is that of the last seven "
    "days, without those that are missing.",
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
_METRICS = ("tokens_total", "conversations", "messages", "requests", "credits")
_NO_USAGE: Row = {**dict.fromkeys(_METRICS, 0), "credits": Decimal(0)}
_NO_COSTS: Row = {"amount": Decimal(0)}

ByDay = Mapping[date, Row]


def daily(batch: Batch) -> Tables:
    """Return one row for each day."""
    usage = batch.ask_by(UsageQuery, "day", _METRICS)
    costs = batch.ask_by(CostQuery, "day", ("tokens", "amount"))
    averages = _averages(batch)
    return {
        subject: [DAILY.summed(_rows(batch, usage.get(subject, {}), costs.get(subject, {}), averages[subject]))]
        for subject in batch.subjects
    }


def _rows(batch: Batch, usage: ByDay, costs: ByDay, averages: Mapping[date, Decimal | None]) -> Iterator[Values]:
    for day, status in batch.statuses.items():
        if status is DayStatus.MISSING:
            yield day, str(status), *(None,) * (len(DAILY.columns) - 2)
        else:
            yield _row(day, status, usage.get(day, _NO_USAGE), averages[day], costs.get(day, _NO_COSTS))


def _row(day: date, status: DayStatus, usage: Row, average: Decimal | None, costs: Row) -> Values:
    counts = (usage["conversations"], usage["messages"], usage["requests"])
    return day, str(status), usage["tokens_total"], average, *counts, costs["amount"], usage["credits"]


def _averages(batch: Batch) -> Mapping[TenantId, Mapping[date, Decimal | None]]:
    """Return the average tokens of the seven days up to each day, without those that are missing."""
    first = batch.period.first - timedelta(days=_WEEK - 1)
    known = set(known_days(statuses_of(batch.storage, days_between(first, batch.period.last))))
    tokens = batch.ask_by(UsageQuery, "day", ("tokens_total",), ReportPeriod(first, batch.period.last))

    def average(subject: TenantId, day: date) -> Decimal | None:
        week = known.intersection(days_between(day - timedelta(days=_WEEK - 1), day))
        of_day = tokens.get(subject, {})
        return one_decimal(sum(of_day[other]["tokens_total"] for other in week if other in of_day), len(week))

    return {subject: {day: average(subject, day) for day in batch.statuses} for subject in batch.subjects}
