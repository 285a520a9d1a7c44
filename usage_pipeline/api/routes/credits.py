"""`/v1/credits`: what a tenant was granted, has used, and has left."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact
from usage_pipeline.api.parameters import At
from usage_pipeline.billing.day_credits import DayCredits
from usage_pipeline.billing.ledger.balance import Balance
from usage_pipeline.billing.ledger.entries import EntryKind
from usage_pipeline.billing.ledger.posting import whole_second

router = APIRouter(tags=["credits"])

MOST_DAYS = 367
"""Those of a leap year, and the day before it to compare with."""


class GrantAnswer(AnswerModel):
    """What became of a grant, in credits."""

    grant_id: str
    kind: EntryKind
    priority: int = Field(description="Lower numbers pay first.")
    effective_at: datetime = Field(description="When it begins.")
    expires_at: datetime | None = Field(description="When it ends; null for never.")
    granted: Exact
    used: Exact = Field(description="Usage that it paid for, and overage that it repaid.")
    gone: Exact = Field(description="What expired, rolled over, was voided or lowered.")
    left: Exact


class TotalsAnswer(AnswerModel):
    """The sums of all grants, in credits."""

    granted: Exact = Field(description="What all grants began with.")
    used: Exact = Field(description="All usage, overage included.")
    gone: Exact = Field(description="What expired, rolled over, was voided or lowered.")
    overage: Exact = Field(description="Usage that no grant has paid for.")
    left: Exact = Field(description="What grants have left, less the overage: below zero if that is more.")


class CreditDayAnswer(AnswerModel):
    """A day: left = left the day before + granted - used - gone."""

    day: date
    granted: Exact
    used: Exact | None = Field(description="Null while the day is missing.")
    gone: Exact
    left: Exact = Field(description="At the end of the day.")


class CreditsAnswer(AnswerModel):
    """The credits of a tenant at an instant."""

    as_of: datetime = Field(description="Grants that begin at this instant are included, usage at it is not.")
    grants: list[GrantAnswer] = Field(description="Those that have begun, in the order in which they pay.")
    totals: TotalsAnswer
    days: list[CreditDayAnswer] = Field(description="As they are known now.")


DaysBefore = Annotated[
    int,
    Query(
        alias="days",
        ge=0,
        le=MOST_DAYS,
        description="How many days are answered one by one: the last that had ended, or today without `at`.",
    ),
]


@router.get("/credits")
def credits(data: Data, at: At = None, days: DaysBefore = 0) -> CreditsAnswer:  # noqa: A001 - their name
    """Return the credits of a tenant, grant by grant, and by day if that is asked for."""
    instant = whole_second(at or data.clock.now)
    balance = data.balance(instant)
    by_day = data.credit_days(_last_day(instant) if at else data.clock.today, days) if days else ()
    return CreditsAnswer(
        as_of=instant,
        grants=[GrantAnswer.model_validate(grant) for grant in balance.grants],
        totals=_totals(balance),
        days=[_day(found, is_missing=is_missing) for found, is_missing in by_day],
    )


def _last_day(instant: datetime) -> date:
    """Return the last day that had ended; the last second of a day, before grants of the next begin, ends it."""
    return (instant + timedelta(seconds=1)).date() - timedelta(days=1)


def _day(found: DayCredits, *, is_missing: bool) -> CreditDayAnswer:
    answer = CreditDayAnswer.model_validate(found)
    return answer.model_copy(update={"used": None}) if is_missing else answer


def _totals(balance: Balance) -> TotalsAnswer:
    sums = balance.totals
    return TotalsAnswer(
        granted=sums.given, used=sums.used, gone=sums.gone, overage=sums.open_overage, left=sums.left
    )
