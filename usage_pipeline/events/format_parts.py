"""The parts of a source format beside its values: the type of its files, and the times of an event."""

from enum import StrEnum

from usage_pipeline.events.format_values import Part, Unit, Value, Zoned


class FileType(StrEnum):
    """The type of a landing file."""

    JSONL = "jsonl"
    CSV = "csv"


class Offset(Part):
    """What has passed since a start."""

    field: Value
    unit: Unit


class Time(Zoned):
    """The value and notation of a time; with an offset it is the start that this counts from."""

    field: Value
    offset: Offset | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        """Its value, and that of its offset."""
        return (self.field, self.offset.field) if self.offset else (self.field,)
