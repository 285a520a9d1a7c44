"""Cuts numbers by day or interval into parallel series: by hour, day, week or month, and by group."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby

from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.metrics.answers import Answer, Row
from usage_pipeline.metrics.buckets import Interval, buckets, time_zone
from usage_pipeline.metrics.queries import IntervalQuery, Query, SeriesQuery, UsageQuery
from usage_pipeline.series.breakdown_tables import OTHER

MOST_GROUPS = 100
"""Groups with series of their own: those with the most tokens. The others are summed."""
_UTC = "UTC"

Group = str | None
"""The value of the group; None without groups."""
Slot = date | str
"""By what rows name the day or interval that they are of."""


class Step(StrEnum):
    """How long the interval of a point is. Days are local ones, weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class SeriesRequest:
    """What is asked for: local days from first to last, both included."""

    first: date
    last: date
    step: Step = Step.DAY
    zone: str = _UTC
    group: Group = None

    @property
    def query(self) -> Query:
        """The query that it takes. Conversations have a first day in UTC, and no time of day."""
        groups = () if self.group is None else (self.group,)
        if self.step is Step.HOUR or self.zone != _UTC:
            return IntervalQuery(
                self.first,
                self.last,
                groups,
                metrics=("tokens_total", "messages"),
                interval=Interval.HOUR if self.step is Step.HOUR else Interval.DAY,
                time_zone=self.zone,
            )
        if groups:
            metrics = ("tokens_total", "conversations", "messages")
            return UsageQuery(self.first, self.last, ("day", *groups), metrics=metrics)
        return SeriesQuery(self.first, self.last)


@dataclass(frozen=True)
class Series:
    """The totals of each series, by group, for each interval: None where nothing of it is known."""

    starts: Sequence[int]
    """When the intervals begin, in ms since 1970."""
    missing: Sequence[int]
    """The days or hours of each interval that are missing, and in no total."""
    totals: Mapping[str, Mapping[Group, Sequence[int | None]]]
    missing_days: int


def read_series(data: TenantData, request: SeriesRequest) -> Series:
    """Read the series that the query has. The first and the last interval are cut where the days end."""
    answer = data.read(request.query)
    spans, sums = _spans(request, answer), _Sums(request, answer)
    known = [[slot for slot in span.slots if slot not in sums.missing] for span in spans]
    return Series(
        starts=[int(span.start.timestamp()) * 1000 for span in spans],
        missing=[len(span.slots) - len(slots) for span, slots in zip(spans, known, strict=True)],
        totals={name: {group: sums.totals(name, group, known) for group in sums.groups} for name in sums.metrics},
        missing_days=len(answer.missing),
    )


class _Sums:
    """The numbers of an answer by series, group and slot."""

    def __init__(self, request: SeriesRequest, answer: Answer) -> None:
        query, self._group = answer.query, request.group
        self._slot = "start" if isinstance(query, IntervalQuery) else "day"
        self.metrics = {name.removesuffix("_total"): name for name in query.metrics}
        rows = [row for row in answer.rows if row[query.metrics[0]] is not None]
        self.missing = {row[self._slot] for row in answer.rows} - {row[self._slot] for row in rows}
        self.groups = self._largest(rows)
        self._sums = self._added(rows)

    def totals(self, name: str, group: Group, intervals: Iterable[Sequence[Slot]]) -> list[int | None]:
        """Return the sum of the slots of each interval; None without any."""
        sum_of = self._sums[name, group].__getitem__
        return [sum(map(sum_of, slots)) if slots else None for slots in intervals]

    def _largest(self, rows: Sequence[Row]) -> list[Group]:
        """Return the groups in the order of their tokens; those beyond the largest are one."""
        if self._group is None:
            return [None]
        tokens: Counter[str] = Counter()
        for row in rows:
            tokens[row[self._group]] += row[self.metrics["tokens"]]
        ranked: list[Group] = [*sorted(tokens, key=lambda name: (-tokens[name], name))]
        if len(ranked) <= MOST_GROUPS:
            return ranked
        return [*(name for name in ranked[:MOST_GROUPS] if name != OTHER), OTHER]

    def _added(self, rows: Sequence[Row]) -> Mapping[tuple[str, Group], Counter[Slot]]:
        sums = defaultdict[tuple[str, Group], Counter[Slot]](Counter)
        shown = set(self.groups)
        for row in rows:
            group = None if self._group is None else row[self._group]
            for name, metric in self.metrics.items():
                sums[name, group if group in shown else OTHER][row[self._slot]] += row[metric]
        return sums


@dataclass(frozen=True)
class _Span:
    """The days or hours of one interval."""

    start: datetime
    slots: Sequence[Slot]


def _spans(request: SeriesRequest, answer: Answer) -> list[_Span]:
    slots = _intervals(answer.query) if isinstance(answer.query, IntervalQuery) else _days(answer)
    spans = (list(found) for _, found in groupby(slots, key=lambda slot: _span_of(request.step, *slot)))
    return [_Span(members[0][1], [slot for slot, _, _ in members]) for members in spans]


_Found = tuple[Slot, datetime, date]
"""A slot, when it begins, and its local day."""


def _days(answer: Answer) -> Iterator[_Found]:
    for day in answer.statuses:
        yield day, datetime.combine(day, time(), UTC), day


def _intervals(query: IntervalQuery) -> Iterator[_Found]:
    zone = time_zone(query.time_zone)
    for bucket in buckets(query.first, query.last, query.interval, zone):
        local = bucket.start.astimezone(zone)
        yield local.isoformat(), bucket.start, local.date()


def _span_of(step: Step, slot: Slot, _: datetime, day: date) -> Slot:
    match step:
        case Step.WEEK:
            return day - timedelta(days=day.weekday())
        case Step.MONTH:
            return day.replace(day=1)
        case _:
            return slot
