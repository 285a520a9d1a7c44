"""An alert on a limit: what it is about, and by what it is known again."""

from dataclasses import dataclass
from datetime import date

from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.periods import PeriodKind
from usage_pipeline.limits.status import LimitStatus, ScopeValues
from usage_pipeline.storage.digests import fingerprint


@dataclass(frozen=True)
class Subject:
    """What episodes are counted for: a version of a limit, a tenant and values of its scope, and a period."""

    tenant_id: str
    limit_id: str
    limit_version: str
    values: ScopeValues
    first_day: date | None
    """Of the period. None for a rolling limit: it would raise the same alert every day."""


@dataclass(frozen=True)
class Alert:
    """An alert that people are told of, and how its limit stands."""

    status: LimitStatus
    threshold: int
    episode: int
    state: AlertState

    @property
    def id(self) -> str:
        """What it is known by: the same however often it is computed."""
        subject = subject_of(self.status)
        about = (subject.tenant_id, subject.limit_id, subject.limit_version, *subject.values, subject.first_day)
        return fingerprint([AlertKind.LIMIT, *about, self.threshold, self.episode])

    @property
    def row(self) -> dict[str, object]:
        """Its values by the columns of `alerts`, as it is raised."""
        status = self.status
        return {
            "alert_id": self.id,
            "kind": AlertKind.LIMIT,
            "tenant_id": status.tenant_id,
            "subject": status.limit.id,
            "limit_id": status.limit.id,
            "limit_version": status.limit.version,
            **dict(zip(SCOPED, status.values, strict=True)),
            "metric": status.limit.metric,
            "period": str(status.limit.period),
            "first_day": status.days.first,
            "last_day": status.days.last,
            "threshold": self.threshold,
            "episode": self.episode,
            "state": self.state,
            "used": status.used,
            "amount": status.limit.amount,
            "raised_at": status.as_of,
        }


def subject_of(status: LimitStatus) -> Subject:
    """Return what the episodes of this limit are counted for."""
    is_rolling = status.limit.period.kind is PeriodKind.ROLLING
    first_day = None if is_rolling else status.days.first
    return Subject(status.tenant_id, status.limit.id, status.limit.version, status.values, first_day)
