"""`/v1/usage/series/fetch`: tokens, conversations and messages over time."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, JsonAnswer, MissingDays
from usage_pipeline.api.parameters import Days
from usage_pipeline.api.problems import wrong_parameter
from usage_pipeline.api.series import MOST_GROUPS, Series, SeriesRequest, Step, read_series
from usage_pipeline.registry import DIMENSION_NAMES, WITHIN_DAY_NAMES

router = APIRouter(tags=["usage"])

MOST_DAYS_BY_HOUR = 366


class PointAnswer(AnswerModel):
    """The total of an interval."""

    date: int = Field(description="When it begins, in ms since 1970; of a day, midnight.")
    total: int | None = Field(description="Null if nothing of it is known, which is not zero.")


Points = list[PointAnswer]
PointsByGroup = dict[str, Points]


class SeriesAnswer(AnswerModel):
    """Parallel series: each has a point for each interval. With `groupBy` they are objects of series by group."""

    tokens: Points | PointsByGroup = Field(description="Input and output tokens.")
    conversations: Points | PointsByGroup | None = Field(
        description="Conversations that began. They have no time of day: null by hour and in other zones than UTC."
    )
    messages: Points | PointsByGroup = Field(description="Messages.")
    missing: list[int] = Field(
        description="For each interval, how many of its days, or hours, are missing, and in no total."
    )
    missing_days: MissingDays


Interval = Annotated[Step, Query(description="How long the interval of a point is; weeks begin on Monday.")]
Zone = Annotated[
    str, Query(alias="timezone", description="Time zone of the days, such as `Europe/Berlin`.", min_length=1)
]
_GROUPS = (*DIMENSION_NAMES, "tenant")
GroupBy = Annotated[
    str | None,
    Query(
        alias="groupBy",
        description=(
            f"One of {', '.join(DIMENSION_NAMES)}, tenant; by hour, and in other zones than UTC, one of "
            f"{', '.join(WITHIN_DAY_NAMES)}, tenant. The {MOST_GROUPS} groups with the most tokens have series of "
            "their own, the others are summed as `(other)`."
        ),
        json_schema_extra={"enum": list(_GROUPS)},
    ),
]


@router.get("/usage/series/fetch", response_model=SeriesAnswer)
def series(
    data: Data, days: Days, interval: Interval = Step.DAY, timezone: Zone = "UTC", group_by: GroupBy = None
) -> Response:
    """Return the series, by default those of the last 90 days."""
    if group_by is not None and group_by not in _GROUPS:
        raise wrong_parameter("groupBy", f"Expected one of {', '.join(_GROUPS)}.")
    if interval is Step.HOUR and days.length > MOST_DAYS_BY_HOUR:
        raise wrong_parameter("to", f"By hour, expected at most {MOST_DAYS_BY_HOUR} days.")
    request = SeriesRequest(days.first, days.last, interval, timezone, group_by)
    return JsonAnswer(data.kept(lambda: _series(read_series(data, request)), days))


def _series(found: Series) -> Mapping[str, object]:
    """Return the answer as plain values: an object for each point would take longer than to read them."""
    return {
        "tokens": _points(found, "tokens"),
        "conversations": _points(found, "conversations") if "conversations" in found.totals else None,
        "messages": _points(found, "messages"),
        "missing": list(found.missing),
        "missing_days": found.missing_days,
    }


_PlainPoints = Sequence[Mapping[str, int | None]]


def _points(found: Series, name: str) -> _PlainPoints | Mapping[str | None, _PlainPoints]:
    by_group = {
        group: [{"date": start, "total": total} for start, total in zip(found.starts, totals, strict=True)]
        for group, totals in found.totals[name].items()
    }
    return by_group.get(None, by_group)
