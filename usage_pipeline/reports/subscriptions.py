"""Reads `report_subscriptions.yaml`: which reports people get by e-mail every day, week or month."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from usage_pipeline.clock import Clock
from usage_pipeline.delivery.channel_file import is_address
from usage_pipeline.errors import QueryError, ReferenceFileError
from usage_pipeline.reports.formats.registry import report_formats
from usage_pipeline.reports.scope import (
    Filters,
    ReportPeriod,
    last_closed_month,
    month_period,
    report_filters,
)
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

SUBSCRIPTIONS_FILE = "report_subscriptions.yaml"
_WEEK = 7


class Cadence(StrEnum):
    """How often a report is sent."""

    DAILY = "daily"
    """The day before."""
    WEEKLY = "weekly"
    """Monday to Sunday of the week before."""
    MONTHLY = "monthly"
    """The month whose days have become final; again if its numbers change."""

    def last_period(self, clock: Clock) -> ReportPeriod:
        """Return the last period that is over; of months the last one that is final."""
        yesterday = clock.today - timedelta(days=1)
        match self:
            case Cadence.DAILY:
                return ReportPeriod(yesterday, yesterday)
            case Cadence.WEEKLY:
                sunday = clock.today - timedelta(days=clock.today.isoweekday())
                return ReportPeriod(sunday - timedelta(days=_WEEK - 1), sunday)
            case Cadence.MONTHLY:
                return month_period(last_closed_month(clock))


def _known_formats(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return report_formats(names)
    except QueryError as error:
        raise ValueError(str(error).removesuffix(".")) from None


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"expected an address, such as finance@example.com, found {text!r}")
    return text


def _known_filters(filters: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    try:
        report_filters(filters)
    except QueryError as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return filters


class Subscription(BaseModel):
    """An entry of `report_subscriptions.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    tenant: str | None = Field(None, min_length=1)
    """All tenants together without it."""
    cadence: Cadence
    formats: Annotated[tuple[str, ...], AfterValidator(_known_formats)] = ("pdf",)
    recipients: tuple[Annotated[str, AfterValidator(_address)], ...] = Field(min_length=1)
    filters: Annotated[Mapping[str, tuple[str, ...]], AfterValidator(_known_filters)] = Field(default_factory=dict)

    @property
    def scoped(self) -> Filters:
        """The filters in their order."""
        return report_filters(self.filters)


@read_once
def read_subscriptions(file: Path, text: str) -> tuple[Subscription, ...]:
    """Read the entries in their order; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    written = enumerate(parse_yaml_list(file, text, "id"), start=1)
    found = tuple(
        parse_entry(Subscription, entry, f"{file}: {_name(entry, number)}", ReferenceFileError)
        for number, entry in written
    )
    ids = [subscription.id for subscription in found]
    for name in ids:
        if ids.count(name) > 1:
            raise ReferenceFileError(f"{file}: {name}: id: two entries have it; give one another.")
    return found


def _name(entry: object, number: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return str(name or f"entry {number}")
