"""`/v1/alerts`: the alerts on limits and data."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact

router = APIRouter(tags=["alerts"])

MOST = 1_000


class AlertAnswer(AnswerModel):
    """An alert. What only limits have is null of others."""

    alert_id: str
    kind: AlertKind
    tenant_id: str | None = Field(description="Tenant; null if it is about none.")
    subject: str = Field(description="What it is about: the limit, source, file, model, sources, period or job.")
    state: AlertState
    limit_id: str | None
    member_id: str | None = Field(description="The member whose usage counts; empty without a restriction.")
    project: str | None = Field(description="The project whose usage counts; empty without a restriction.")
    model: str | None = Field(description="The model whose usage counts; empty without a restriction.")
    metric: str | None = Field(description="What is limited.")
    period: str | None = Field(description="`day`, `week`, `month`, `billing` or `rolling N days`.")
    first_day: date | None = Field(description="First day that it is about.")
    last_day: date | None = Field(description="Last day that it is about.")
    threshold: int | None = Field(description="The threshold that was reached, in percent.")
    episode: int = Field(description="1 for the first time, 2 for the next.")
    passed: bool = Field(description="A higher threshold was reached at the same time, so nobody was told of it.")
    used: Exact | None = Field(description="What was used when it was raised.")
    amount: Exact | None = Field(description="What may be used in the period.")
    raised_at: datetime
    resolved_at: datetime | None = Field(description="When it was resolved or ended; null while it is raised.")


class AlertsAnswer(AnswerModel):
    """Alerts, the newest first."""

    items: list[AlertAnswer]


State = Annotated[AlertState | None, Query(description="Only alerts in this state.")]
Kind = Annotated[AlertKind | None, Query(description="Only alerts of this kind.")]
Take = Annotated[int, Query(ge=1, le=MOST, description="The most alerts.")]


@router.get("/alerts")
def alerts(data: Data, state: State = None, kind: Kind = None, take: Take = 100) -> AlertsAnswer:
    """Return the newest alerts of the tenant, or of all, those that are about none included."""
    return AlertsAnswer(items=[AlertAnswer.model_validate(row) for row in data.alerts(state, kind, take)])
