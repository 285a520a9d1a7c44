"""`/v1/quality`: the checks of data that failed."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from usage_pipeline.api.access import PlatformData
from usage_pipeline.api.answers import AnswerModel
from usage_pipeline.api.parameters import Days
from usage_pipeline.validation.results import Outcome

router = APIRouter(tags=["days"])


class FailedCheckAnswer(AnswerModel):
    """A check that failed on a day."""

    day: date = Field(description="Event day or landing day, whichever the table is partitioned by.")
    table: str = Field(validation_alias="table_name")
    check: str = Field(validation_alias="check_name")
    result: Outcome = Field(validation_alias="outcome", description="`error` or `warning`.")
    observed: str
    expected: str


class FailedChecksAnswer(AnswerModel):
    """The checks that failed, by day, table and check."""

    items: list[FailedCheckAnswer]


@router.get("/quality")
def quality(data: PlatformData, days: Days) -> FailedChecksAnswer:
    """Return the checks that failed on these days, of all tenants. It takes the scope `platform`."""
    found = data.failed_checks(days.first, days.last)
    return FailedChecksAnswer(items=[FailedCheckAnswer.model_validate(result) for result in found])
