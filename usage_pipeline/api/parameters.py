"""Parameters that several routes share.

Ranges of days are half open: `to` is the day after the last one. Words stand in one parameter with commas between
them, and so do values to filter by, whose parameters may be repeated, too.

What is `async` here waits for nothing: FastAPI would hand it to a thread, which takes longer than to do it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, create_model

from usage_pipeline.api.access import clock_of
from usage_pipeline.api.problems import wrong_parameter
from usage_pipeline.insights.measures import MEASURES, SUMS, Measure, measure_of
from usage_pipeline.metrics.buckets import MOST_DAYS
from usage_pipeline.metrics.words import COST_GROUPS
from usage_pipeline.registry import DIMENSIONS, NONE

RECENT_DAYS = 90
_YEARS = range(1972, 9000)
"""Beyond them, days have no zones, or no neighbours."""

Moment = TypeVar("Moment", date, datetime)


def _in_calendar(moment: Moment) -> Moment:
    if moment.year not in _YEARS:
        raise ValueError(f"Expected a year from {_YEARS[0]} to {_YEARS[-1]}")
    return moment


def written_as(pattern: str, expected: str) -> BeforeValidator:
    """Return the check of the form of a text: a bare number would be taken for seconds."""

    def check(text: object) -> object:
        if isinstance(text, str) and not re.match(pattern, text):
            raise ValueError(f"Expected {expected}.")
        return text

    return BeforeValidator(check)


Day = Annotated[date, written_as(r"\d{4}-\d\d-\d\d$", "a day, YYYY-MM-DD"), AfterValidator(_in_calendar)]
From = Annotated[
    Day | None, Query(alias="from", description=f"First day, UTC. {RECENT_DAYS} days before `to` without it.")
]
To = Annotated[Day | None, Query(alias="to", description="The day after the last one, UTC. Tomorrow without it.")]
Instant = Annotated[
    AwareDatetime,
    written_as(r"\d{4}-\d\d-\d\d[Tt ].+", "an instant with its zone, such as 2026-05-01T08:00:00Z"),
    AfterValidator(_in_calendar),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]
At = Annotated[Instant | None, Query(description="An instant, with its zone; now without it.")]


@dataclass(frozen=True)
class DayRange:
    """Days from first to last, both included, as the query layer takes them."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


async def day_range(request: Request, first: From = None, end: To = None) -> DayRange:
    """Return the days that are asked for. Raises ProblemError (422) for an empty range, or too long a one."""
    until = end or clock_of(request).today + timedelta(days=1)
    start = first or until - timedelta(days=RECENT_DAYS)
    if not 0 < (until - start).days <= MOST_DAYS:
        raise wrong_parameter("to", f"Expected 1 to {MOST_DAYS:,} days from {start} on.")
    return DayRange(start, until - timedelta(days=1))


Days = Annotated[DayRange, Depends(day_range)]


Words = tuple[str, ...]


def words(text: str) -> Words:
    """Return the words of a text with commas between them."""
    return tuple(filter(None, (word.strip() for word in text.split(","))))


AsOf = Annotated[
    Day | None,
    Query(alias="asOf", description="The last day that counts, which has ended; yesterday without it, UTC."),
]
Measures = Annotated[str, Query(description=f"Words with commas between them, some of {', '.join(MEASURES)}.")]
SumMeasures = Annotated[str, Query(description=f"Words with commas between them, some of {', '.join(SUMS)}.")]


def measures_of(text: str, among: Collection[str] = MEASURES) -> list[Measure]:
    """Return the measures that are named, of those that are taken.

    Raises QueryError for an unknown one, ProblemError (422) without any.
    """
    found = [measure_of(name, among) for name in dict.fromkeys(words(text))]
    if not found:
        raise wrong_parameter("measures", "Expected at least one, such as tokens_total.")
    return found


_VALUE = re.compile(r"(?:\\.|[^,])+", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\,])")
BETWEEN_VALUES = r"Commas stand between values, `\,` is a comma of a value. It may be repeated."


def between_commas(texts: Words) -> Words:
    """Return the values of a filter. Raises ValueError without any."""
    found = (_ESCAPED.sub(r"\1", value.strip()) for text in texts for value in _VALUE.findall(text))
    if values := tuple(filter(None, found)):
        return values
    raise ValueError("Expected at least one value.")


FilterValues = Annotated[Words, AfterValidator(between_commas)]


def _filter(about: str) -> Any:  # noqa: ANN401 - a field as `create_model` takes it
    return FilterValues, Field((), description=f"{about}: only these values; `{NONE}` for none. {BETWEEN_VALUES}")


_Filters = create_model("Filters", **{dimension.name: _filter(dimension.description) for dimension in DIMENSIONS})
"""One parameter for each dimension."""

AmongValues = tuple[tuple[str, Words], ...]
"""Dimensions, each with the values of which usage has to have one."""


async def filters(asked: Annotated[_Filters, Query()]) -> AmongValues:  # type: ignore[valid-type]  # made from the registry
    """Return the filters that are given."""
    return _given(cast("BaseModel", asked))


Filters = Annotated[AmongValues, Depends(filters)]

_CostFilters = create_model(
    "CostFilters",
    **{
        name: _filter(name.replace("_", " ").capitalize()) for name in COST_GROUPS if name not in {"day", "tenant"}
    },
)


async def cost_filters(asked: Annotated[_CostFilters, Query()]) -> AmongValues:  # type: ignore[valid-type]  # the same
    """Return the filters that are given."""
    return _given(cast("BaseModel", asked))


CostFilters = Annotated[AmongValues, Depends(cost_filters)]


def _given(asked: BaseModel) -> AmongValues:
    return tuple((name, values) for name, values in asked if values)
