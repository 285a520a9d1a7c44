"""What is found to be wrong with data now, and the alerts on it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from usage_pipeline.alerts.digest import Facts
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.storage.digests import fingerprint


class Key(NamedTuple):
    """What episodes are counted for."""

    kind: AlertKind
    tenant_id: str | None
    subject: str


@dataclass(frozen=True)
class Finding:
    """A condition that holds now."""

    key: Key
    facts: Facts = ()
    """What people are told of it."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """What programs are told of it, of what JSON knows."""
    first_day: date | None = None
    """The days that it is about."""
    last_day: date | None = None
    may_begin: bool = True
    """False for one that only goes on: it began too long ago for an alert to be raised now."""


@dataclass(frozen=True)
class Raised:
    """An alert that is raised, as the history has it."""

    alert_id: str
    key: Key
    episode: int
    first_day: date | None
    last_day: date | None
    raised_at: datetime


@dataclass(frozen=True)
class Look:
    """What is found of a kind, and which of its raised alerts that are not found end without being resolved."""

    findings: Sequence[Finding]
    ended: Collection[Key] = ()


@dataclass(frozen=True)
class DataAlert:
    """An alert on data that people are told of."""

    finding: Finding
    episode: int
    state: AlertState

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.finding.key

    @property
    def id(self) -> str:
        """What it is known by: the same however often it is computed."""
        return fingerprint([*self.key, self.episode])

    def row(self, raised_at: datetime) -> dict[str, object]:
        """Return its values by the columns of `alerts`, as it is raised; the others are null."""
        return {
            "alert_id": self.id,
            **self.key._asdict(),
            "first_day": self.finding.first_day,
            "last_day": self.finding.last_day,
            "episode": self.episode,
            "state": self.state,
            "passed": False,
            "raised_at": raised_at,
        }
