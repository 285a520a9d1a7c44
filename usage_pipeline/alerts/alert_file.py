"""Reads `alerts.yaml`: who is told of alerts on data, by kind. Of a kind without an entry nobody is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from usage_pipeline.alerts.tables import DATA_KINDS, AlertKind
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import LIMITS_FILE, Name, QuietHours
from usage_pipeline.words import did_you_mean
from usage_pipeline.yaml_file import parse_entry, parse_yaml, read_once

ALERTS_FILE = "alerts.yaml"

WITHOUT_TENANT = frozenset({AlertKind.SOURCE_SILENT, AlertKind.RUN_FAILED})
"""The kinds that are never about a tenant."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("expected a time zone such as Europe/Berlin") from None
    return name


class AlertEntry(BaseModel):
    """One entry: the ways of a kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Name, ...] = ()
    """Tell those who run the platform: one message, whatever tenants it is about."""
    tenant_channels: tuple[Name, ...] = ()
    """Tell tenants: one message for each, of its own alerts."""
    quiet_hours: QuietHours | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Of the quiet hours; messages for a tenant take its own."""

    @model_validator(mode="after")
    def _somebody(self) -> "AlertEntry":
        if not self.channels and not self.tenant_channels:
            raise ValueError("channels is missing; without an entry nobody is told, too")
        return self


@read_once
def read_alert_file(file: Path, text: str) -> Mapping[AlertKind, AlertEntry]:
    """Read the entries by kind; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    return dict(_entries(file, parse_yaml(file, text, ReferenceFileError)))


def _entries(file: Path, written: Mapping[str, object]) -> Iterator[tuple[AlertKind, AlertEntry]]:
    for name, content in written.items():
        if name not in DATA_KINDS:
            raise ReferenceFileError(f"{file}: {name}: there is no such kind; {_meant(name)}")
        kind = AlertKind(name)
        entry = parse_entry(AlertEntry, content, f"{file}: {name}", ReferenceFileError)
        if entry.tenant_channels and kind in WITHOUT_TENANT:
            raise ReferenceFileError(
                f"{file}: {name}: tenant_channels: such an alert is about no tenant; remove the key."
            )
        yield kind, entry


def _meant(name: str) -> str:
    if name == AlertKind.LIMIT:
        return f"limits name their channels in {LIMITS_FILE}."
    return did_you_mean(name, [str(kind) for kind in DATA_KINDS]) or f"expected one of {', '.join(DATA_KINDS)}."
