"""What a column expects of a field: the macro that casts it, and the words of reject messages."""

from collections.abc import Iterable, Iterator

from usage_pipeline.events.format_parts import Time
from usage_pipeline.events.format_values import (
    Constant,
    Converted,
    CountOf,
    Elapsed,
    FileName,
    FirstLine,
    Join,
    Sum,
    SumOf,
    parts_of,
)
from usage_pipeline.events.notations import TimeFormat, Unit
from usage_pipeline.events.record import DIMENSION_COLUMNS, FIELD_TYPES
from usage_pipeline.events.source_format import SourceFormat

_CAST_BY_TYPE = {
    "BIGINT": ("whole_number", "a whole number, 0 or more, of at most 15 digits"),
    "DECIMAL(38,24)": ("exact_decimal", "a decimal number, 0 or more"),
}
_TIMES = {
    TimeFormat.ISO: "an ISO 8601 time with zone, such as 2026-02-20T08:00:00.120Z",
    TimeFormat.EPOCH_SECONDS: "seconds since 1970, such as 1771574462",
    TimeFormat.EPOCH_MILLISECONDS: "milliseconds since 1970, such as 1771574462340",
    TimeFormat.EPOCH_MICROSECONDS: "microseconds since 1970, such as 1771574462340000",
    TimeFormat.EPOCH_NANOSECONDS: "nanoseconds since 1970, such as 1771574462340000000",
    TimeFormat.DAY: "a day, such as 2026-02-20",
}
_TIME_IN_ZONE = "an ISO 8601 time, such as 2026-02-20 08:00:00.120"
_LINKS = ((Join, " and "), (Sum, " + "), (Elapsed, " to "))
"""What stands between the fields of a form; `or` between others."""
_UNITS = {
    Unit.SECONDS: "seconds",
    Unit.MILLISECONDS: "milliseconds",
    Unit.MICROSECONDS: "microseconds",
    Unit.NANOSECONDS: "nanoseconds",
}


def cast(column: str) -> tuple[str, str]:
    """Return the macro that casts a field to the column, and the expected value."""
    if column in DIMENSION_COLUMNS:
        return "dimension_text", "a text of at most 256 characters, no object and no list"
    if column == "conversation_id":
        return "conversation_text", "a text that does not begin with `erased:`, no object and no list"
    if column == "issue_types":
        return "text_without_nul", "a text without NUL"
    if column.endswith("_ms"):
        return "milliseconds", "milliseconds, 0 or more"
    return _CAST_BY_TYPE.get(FIELD_TYPES[column], ("plain_text", "a text"))


def mapped_fields(source_format: SourceFormat) -> Iterator[tuple[str, str, str]]:
    """Yield each column with its field of the log and the expected value, for reject messages."""
    if source_format.each:
        yield "each", source_format.each, "a list"
    yield "record_id", ", ".join(map(_named, source_format.identity_fields)), "an id"
    yield "tenant_id", _named(source_format.tenant) or "folder", "a tenant, in the line or as folder"
    if source_format.types:
        yield "type", _named(source_format.type), f"one of {', '.join(sorted(source_format.types))}"
    for name, time in source_format.times.items():
        yield name, " + ".join(map(_named, time.values)), _expected_time(time)
    for name, value in source_format.fields.items():
        if not isinstance(value, Constant):
            yield name, _named(value), _expected_value(name, value)


def _named(value: object) -> str:
    """Return the fields that a value reads, as in the format."""
    return value if isinstance(value, str) else linked(value, map(_named, parts_of(value)))


def linked(value: object, parts: Iterable[str]) -> str:
    """Return the names of a value's parts as the name of the value, or where else it comes from."""
    match value:
        case SumOf(sum_of=origin) | CountOf(count_of=origin):
            return origin
        case FileName():
            return "the file's name"
        case FirstLine():
            return f"{value.first_line} of the first line"
    link = next((link for form, link in _LINKS if isinstance(value, form)), " or ")
    return link.join(filter(None, parts))


def _expected_time(time: Time) -> str:
    start = _TIME_IN_ZONE if time.zone else _TIMES[time.format]
    return f"{start}, and {_UNITS[time.offset.unit]}, 0 or more" if time.offset else start


def _expected_value(column: str, value: object) -> str:
    match value:
        case Elapsed():
            return f"two times, each {_TIME_IN_ZONE if value.zone else _TIMES[value.format]}"
        case CountOf():
            return "a list"
        case SumOf():
            return f"a list, and in it {cast(column)[1]}"
        case Converted(unit=Unit() as unit):
            return f"{_UNITS[unit]}, 0 or more"
        case _:
            return cast(column)[1]
