"""Parameters that several routes share. Ranges of days are half open: `to` is the day after the last one."""

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query

from usage_pipeline.api.access import Data
from usage_pipeline.api.problems import FieldProblem, ProblemError
from usage_pipeline.metrics.buckets import MOST_DAYS

RECENT_DAYS = 90

From = Annotated[
    date | None, Query(alias="from", description=f"First day, UTC. {RECENT_DAYS} days before `to` without it.")
]
To = Annotated[date | None, Query(alias="to", description="The day after the last one, UTC. Tomorrow without it.")]


@dataclass(frozen=True)
class DayRange:
    """Days from first to last, both included, as the query layer takes them."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


def day_range(data: Data, first: From = None, end: To = None) -> DayRange:
    """Return the days that are asked for. Raises ProblemError (422) for an empty range, or too long a one."""
    until = end or data.clock.today + timedelta(days=1)
    start = first or until - timedelta(days=RECENT_DAYS)
    if not 0 < (until - start).days <= MOST_DAYS:
        wrong = FieldProblem(field="query.to", detail=f"Expected 1 to {MOST_DAYS:,} days from {start} on.")
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The range of days is wrong.", errors=(wrong,))
    return DayRange(start, until - timedelta(days=1))


Days = Annotated[DayRange, Depends(day_range)]
