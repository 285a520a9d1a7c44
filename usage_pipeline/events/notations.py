"""The notations of times and durations in a log."""

from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator, model_validator


class Part(BaseModel):
    """A part of a format; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeFormat(StrEnum):
    """The notation of a time."""

    ISO = "iso"
    EPOCH_SECONDS = "epoch_s"
    EPOCH_MILLISECONDS = "epoch_ms"
    EPOCH_MICROSECONDS = "epoch_us"
    EPOCH_NANOSECONDS = "epoch_ns"
    DAY = "day"

    @property
    def is_number(self) -> bool:
        """Whether a time is written as a number."""
        return self not in {TimeFormat.ISO, TimeFormat.DAY}


class Unit(StrEnum):
    """The unit of a duration."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


class Zoned(Part):
    """A notation of times. `zone` applies to times without a zone, which are errors otherwise."""

    format: TimeFormat
    zone: str | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"expected a time zone such as UTC or Europe/Berlin, found {zone!r}") from None
        return zone

    @model_validator(mode="after")
    def _zone_of_texts_only(self) -> Self:
        if self.zone is not None and self.format is not TimeFormat.ISO:
            raise ValueError(f"zone: {self.format} is UTC by itself and has no zone; remove it")
        return self
