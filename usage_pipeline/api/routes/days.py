"""`/v1/days`: how far each day can be trusted."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.parameters import Days
from usage_pipeline.series.status import DayStatus

router = APIRouter(tags=["days"])


class DayAnswer(BaseModel):
    """The status of a day."""

    model_config = ConfigDict(from_attributes=True)

    day: date = Field(description="Event day, UTC.")
    status: DayStatus = Field(
        description="`missing` (not known, which is not zero), `provisional`, `final` or `restated`."
    )
    version: int = Field(description="1 for the first computation; each change is one more.")


class DaysAnswer(BaseModel):
    """The status of each day."""

    items: list[DayAnswer]


@router.get("/days")
def days(data: Data, asked: Days) -> DaysAnswer:
    """Return the status of each day."""
    return DaysAnswer(items=[DayAnswer.model_validate(day) for day in data.days(asked.first, asked.last)])
