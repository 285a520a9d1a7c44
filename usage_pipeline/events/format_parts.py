"""The parts of a source format beside its values: the type of its files, its meters, and the times of an event."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from usage_pipeline.events.format_values import Value, constants
from usage_pipeline.events.notations import Part, Unit, Zoned
from usage_pipeline.events.record import FACTS
from usage_pipeline.events.time_rules import expect_duration, expect_moment

METER_OF_FIELD = {
    **{column.name: "tokens" for column in FACTS if column.name.startswith("tokens_")},
    "messages": "messages",
    "api_calls": "requests",
    "bytes": "bytes",
    "tool_calls": "tool_calls",
    "web_searches": "tool_calls",
    "reported_cost": "cost",
    "reported_credits": "credits",
}
Meter = Literal["tokens", "messages", "requests", "conversations", "bytes", "tool_calls", "cost", "credits"]


class FileType(StrEnum):
    """The type of a landing file."""

    JSONL = "jsonl"
    CSV = "csv"


class Offset(Part):
    """What has passed since a start."""

    field: Value
    unit: Unit

    @model_validator(mode="after")
    def _constants_are_durations(self) -> Self:
        for text in constants(self.field):
            expect_duration(self.unit, text)
        return self


class Time(Zoned):
    """The value and notation of a time; with an offset it is the start that this counts from."""

    field: Value
    offset: Offset | None = None

    @model_validator(mode="after")
    def _constants_are_times(self) -> Self:
        for text in constants(self.field):
            expect_moment(self, text)
        return self

    @property
    def values(self) -> tuple[Value, ...]:
        """Its value, and that of its offset."""
        return (self.field, self.offset.field) if self.offset else (self.field,)
