"""The parts of a format: where a field stands, how a time is written, what a type follows from."""

import re
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_JSON_PATH = re.compile(r'^\$(\.([A-Za-z_][A-Za-z0-9_]*|"[^"\\]+"))+$')


class Part(BaseModel):
    """A part of a format; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileType(StrEnum):
    """How a file is divided into lines and fields."""

    JSONL = "jsonl"
    CSV = "csv"


class TimeFormat(StrEnum):
    """How a time is written."""

    ISO = "iso"
    EPOCH_SECONDS = "epoch_s"
    EPOCH_MILLISECONDS = "epoch_ms"
    EPOCH_MICROSECONDS = "epoch_us"
    DAY = "day"


class Join(Part):
    """A text put together from several fields, with `:` between them; absent where one of them is."""

    join: Annotated[tuple[str, ...], Field(min_length=2)]


Place = str | Annotated[tuple[str, ...], Field(min_length=2)] | Join
"""A JSON path (`$.a.b`) or CSV column; or several, of which the first that is filled counts, or all joined."""

COUNTED_TIMES = frozenset({TimeFormat.EPOCH_SECONDS, TimeFormat.EPOCH_MILLISECONDS, TimeFormat.EPOCH_MICROSECONDS})
"""Times that are written as numbers."""


class Constant(Part):
    """A value that the format implies and no line states."""

    constant: str


class Time(Part):
    """Where a time stands and how it is written. `zone` is for times without one; they are errors else."""

    field: Place
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


class Presence(Part):
    """A type that follows from whether a field is filled."""

    present: str
    then: str
    otherwise: str


def places(value: object) -> tuple[str, ...]:
    """The fields that a part of a format names; none for a constant."""
    match value:
        case str():
            return (value,)
        case tuple():
            return value
        case Join():
            return value.join
        case Presence():
            return (value.present,)
        case _:
            return ()


def is_json_path(text: str) -> bool:
    """Whether it is a path such as `$.name` or `$.outer."inner name"`."""
    return _JSON_PATH.match(text) is not None
