"""`/v1/limits`: how limits stand, and whether a request is allowed."""

from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact
from usage_pipeline.api.parameters import At
from usage_pipeline.api.problems import MEDIA_TYPE
from usage_pipeline.limits.decisions import Request

router = APIRouter(tags=["limits"])

AS_OF = "X-As-Of"


class LimitAnswer(AnswerModel):
    """How a limit stands in the period that it is in."""

    limit_id: str
    tenant_id: str
    member_id: str = Field(description="The member whose usage counts; empty without a restriction.")
    project: str = Field(description="The project whose usage counts; empty without a restriction.")
    model: str = Field(description="The model whose usage counts; empty without a restriction.")
    metric: str = Field(description="What is limited.")
    period: str = Field(description="`day`, `week`, `month`, `billing` or `rolling N days`.")
    first_day: date = Field(description="First day of the period, UTC.")
    last_day: date = Field(description="Last day of the period, UTC.")
    amount: Exact = Field(description="What may be used in it.")
    used: Exact = Field(description="What was used in it so far.")
    remaining: Exact = Field(description="Below zero where the limit is over.")
    share: Exact = Field(description="Percentage that was used, rounded down.")
    threshold: int | None = Field(description="The highest threshold that is reached, in percent.")
    first_day_over: date | None = Field(
        description="The day since which it is over; null if it is not, or rolls and was so before its period."
    )
    projected: Exact | None = Field(description="The use at the end of the period if it goes on as so far.")
    incomplete: bool = Field(description="Whether some usage has no price or rate, and is not in `used`.")
    missing_days: int = Field(description="Days of the period so far of which nothing is known.")
    action: str = Field(description="`alert` or `block`.")
    as_of: datetime = Field(description="The instant that this is true for.")


class LimitsAnswer(AnswerModel):
    """Limits, in the order of the file."""

    items: list[LimitAnswer]


Id = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\u0000]*$")]


class CheckRequest(BaseModel):
    """An operation that is about to begin."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"type": "persona_prompt", "credits": "1200"}]}
    )

    type: str = Field(description="Its type, as in the event catalogue.")
    member_id: Id | None = Field(None, description="The member who asks.")
    project: Id | None = Field(None, description="The project that it is for.")
    model: Id | None = Field(None, description="The model that it needs.")
    credits: Decimal = Field(
        Decimal(0), ge=0, lt=10**15, decimal_places=12, description="The credits that it will use, if known."
    )
    tokens: int = Field(0, ge=0, lt=10**15, description="The tokens that it will use, if known.")


def _body(description: str, example: dict[str, Any]) -> dict[str, Any]:
    headers = {AS_OF: {"description": "The instant of the decision.", "schema": {"type": "string"}}}
    schema = {"type": "object", "properties": {name: {} for name in example}, "required": [*example]}
    content: dict[str, Any] = {"application/json": {"schema": schema, "example": example}}
    return {"description": description, "headers": headers, "content": content}


_ALLOWED = _body("It is allowed.", {"allowed": True})
_NO_CREDITS = _body(
    "Credits are missing.",
    {
        "error": "Insufficient credits",
        "requiredCredits": 1200,
        "availableCredits": 300,
        "action": "upgrade_or_topup",
        "billingPath": "/dashboard/billing",
    },
)
_OVER_LIMIT = _body(
    "A limit would be over, or, as a problem, the key may not ask.", {"error": "Usage limit exceeded"}
)
_OVER_LIMIT["content"][MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}


@router.get("/limits")
def limits(data: Data, at: At = None) -> LimitsAnswer:
    """Return how limits stand: the days that had begun before the instant count, by the numbers of now."""
    return LimitsAnswer(items=[LimitAnswer.model_validate(status.row) for status in data.limits(at)])


@router.post(
    "/limits/check",
    response_class=Response,
    responses={
        HTTPStatus.OK.value: _ALLOWED,
        HTTPStatus.PAYMENT_REQUIRED.value: _NO_CREDITS,
        HTTPStatus.FORBIDDEN.value: _OVER_LIMIT,
    },
)
def check(data: Data, asked: CheckRequest) -> Response:
    """Decide whether an operation of a tenant is allowed now. It keeps nothing.

    A type that is a prompt needs credits first, unless the plan allows overage. Then no limit whose action is
    `block` may be over with the operation.
    """
    request = Request(tenant_id=data.one_tenant, **asked.model_dump())
    decision, instant = data.check(request)
    return Response(
        decision.body,
        status_code=decision.answer,
        headers={AS_OF: f"{instant:%Y-%m-%dT%H:%M:%SZ}"},
        media_type="application/json",
    )
