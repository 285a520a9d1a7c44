"""The parts of a source format: fields, constants, times and types."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_JSON_PATH = re.compile(r'^\$(\.([A-Za-z_][A-Za-z0-9_]*|"[^"\\]+"))+$')


class Part(BaseModel):
    """A part of a format; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileType(StrEnum):
    """The type of a landing file."""

    JSONL = "jsonl"
    CSV = "csv"


class TimeFormat(StrEnum):
    """The notation of a time."""

    ISO = "iso"
    EPOCH_SECONDS = "epoch_s"
    EPOCH_MILLISECONDS = "epoch_ms"
    EPOCH_MICROSECONDS = "epoch_us"
    DAY = "day"


class Join(Part):
    """Several fields joined with `:`; absent if any of them is."""

    join: Annotated[tuple[str, ...], Field(min_length=2)]


Place = str | Annotated[tuple[str, ...], Field(min_length=2)] | Join
"""A JSON path (`$.a.b`) or CSV column; or several, of which the first non-empty one counts; or all joined."""

EPOCH_TIMES = frozenset({TimeFormat.EPOCH_SECONDS, TimeFormat.EPOCH_MILLISECONDS, TimeFormat.EPOCH_MICROSECONDS})
"""Times that are numbers."""


class Constant(Part):
    """A value that is the same for all lines and in none of them."""

    constant: str


class Time(Part):
    """The field and notation of a time. `zone` applies to times without a zone, which are errors otherwise."""

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


class Skip(Part):
    """A test for lines that are no events: whether a field has one of these values, or any value."""

    field: Place
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["absent", "present"] | None = Field(
        default=None, alias="is"
    )
    none_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(default=None, alias="is_not")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.one_of is None) == (self.none_of is None):
            raise ValueError("give one of `is: [a, b]`, `is: absent`, `is: present` and `is_not: [a, b]`")
        return self


class Presence(Part):
    """A type that depends on a field: `then` if it is not empty, else `otherwise`."""

    present: str
    then: str
    otherwise: str


def places(value: object) -> tuple[str, ...]:
    """Return the fields that a part of a format reads; none for a constant."""
    match value:
        case str():
            return (value,)
        case tuple():
            return value
        case Join():
            return value.join
        case Presence():
            return (value.present,)
        case Skip():
            return places(value.field)
        case _:
            return ()


def is_json_path(text: str) -> bool:
    """Return True for a path such as `$.name` or `$.outer."inner name"`."""
    return _JSON_PATH.match(text) is not None
