"""What a field says, in plain Python: numbers, times and texts by the rules that CONTRIBUTING.md states."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from usage_pipeline.events.notations import TimeFormat

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PLAIN = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DECIMAL = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_TICKS = {
    TimeFormat.EPOCH_SECONDS: (10**11, 1_000_000),
    TimeFormat.EPOCH_MILLISECONDS: (10**14, 1_000),
    TimeFormat.EPOCH_MICROSECONDS: (10**17, 1),
    TimeFormat.EPOCH_NANOSECONDS: (10**20, Decimal("0.001")),
}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - stored times are UTC without saying so


class InvalidError(Exception):
    """A field is there but not of the form that its column takes."""


@dataclass(frozen=True)
class Text:
    """A filled field: its text, and its value where the log has it as a number."""

    text: str
    number: Decimal | None


def whole_of(text: Text) -> int:
    """A whole number, 0 or more, of at most 15 digits."""
    value = text.number
    if value is None:
        if not re.fullmatch(r"\d{1,15}(\.0+)?", text.text, re.ASCII):
            raise InvalidError
        value = Decimal(text.text)
    if not 0 <= value < 10**15 or value != int(value):
        raise InvalidError
    return int(value)


def milliseconds_of(text: Text) -> int:
    """Milliseconds, a fraction cut off."""
    return int(_plain(text, 10**15))


def decimal_of(text: Text) -> Decimal:
    """A decimal number, 0 or more, with at most 13 digits before the point."""
    value = number_of(text)
    if not 0 <= value < 10**13:
        raise InvalidError
    return value


def number_of(text: Text) -> Decimal:
    """A number of any form that a log may have."""
    if text.number is None and not _DECIMAL.fullmatch(text.text):
        raise InvalidError
    return text.number if text.number is not None else Decimal(text.text)


def dimension_of(text: Text) -> str:
    """A text to group by."""
    if len(text.text) > 256 or "\0" in text.text:
        raise InvalidError
    return single_of(text)


def without_nul(text: Text) -> str:
    """A text that a database takes."""
    if "\0" in text.text:
        raise InvalidError
    return text.text


def conversation_of(text: Text) -> str:
    """The id of a conversation, and not what takes the place of one."""
    if text.text.startswith("erased:"):
        raise InvalidError
    return single_of(text)


def single_of(text: Text) -> str:
    """A text that is no JSON object or list."""
    if is_structure(text.text):
        raise InvalidError
    return text.text


def is_structure(text: str) -> bool:
    """Whether a text is a JSON object or list, as its first character."""
    if not text.startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def time_of(text: Text, form: TimeFormat, zone: str | None) -> datetime:
    """A time in UTC; digits below the microsecond are cut off."""
    if form in _TICKS:
        limit, microseconds = _TICKS[form]
        return _EPOCH + timedelta(microseconds=int(_plain(text, limit) * microseconds))
    try:
        if form is TimeFormat.DAY:
            if text.number is not None or not _DAY.fullmatch(text.text):
                raise InvalidError
            return datetime.fromisoformat(text.text)
        return _iso(text.text, zone)
    except (ValueError, OverflowError):
        raise InvalidError from None


def _iso(text: str, zone: str | None) -> datetime:
    found = _ISO.fullmatch(text)
    if not found or (found[4] is None and zone is None):
        raise InvalidError
    day, clock, fraction, offset = found.groups()
    time = datetime.fromisoformat(f"{day}T{clock}") + timedelta(microseconds=int(f"{fraction or '':0<6}"[:6]))
    if offset is None:
        return time.replace(tzinfo=ZoneInfo(str(zone))).astimezone(UTC).replace(tzinfo=None)
    return time - _offset(offset)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    if hours > 14 or minutes > 59:
        raise InvalidError
    size = timedelta(hours=hours, minutes=minutes)
    return size if text[0] == "+" else -size


def _plain(text: Text, limit: int) -> Decimal:
    if text.number is None and not _PLAIN.fullmatch(text.text):
        raise InvalidError
    value = text.number if text.number is not None else Decimal(text.text)
    if not 0 <= value < limit:
        raise InvalidError
    return value
