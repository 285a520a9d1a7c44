"""What constant times and durations must look like, so that a wrong one is an error of the format.

It is what the macros of the landing take: they would refuse a wrong one on each line.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from usage_pipeline.events.notations import TimeFormat, Unit, Zoned

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")
_WITH_SECONDS = len("2026-02-20T08:00:00")
_ZONE = re.compile(r"Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?")
_NUMBER = re.compile(r"([0-9]+)(\.[0-9]+)?")
_MOST_DIGITS: Mapping[TimeFormat | Unit, int] = {
    TimeFormat.EPOCH_SECONDS: 11,
    TimeFormat.EPOCH_MILLISECONDS: 14,
    TimeFormat.EPOCH_MICROSECONDS: 17,
    TimeFormat.EPOCH_NANOSECONDS: 20,
    Unit.SECONDS: 12,
    Unit.MILLISECONDS: 15,
    Unit.MICROSECONDS: 18,
    Unit.NANOSECONDS: 18,
}
"""Before the fraction."""


def expect_moment(notation: Zoned, text: str) -> None:
    """Raise ValueError if a constant is no time of this notation."""
    match notation.format:
        case TimeFormat.ISO:
            _expect_iso(notation, text)
        case TimeFormat.DAY:
            if not _DAY.fullmatch(text) or not _is_sound(date.fromisoformat, text):
                raise ValueError(f"expected a day such as 2026-02-20, found the constant {text!r}")
        case _:
            _expect_number("a number since 1970", notation.format, text)


def expect_duration(unit: Unit, text: str) -> None:
    """Raise ValueError if a constant is no duration of this unit."""
    _expect_number("a number, 0 or more", unit, text)


def _expect_number(expected: str, unit: TimeFormat | Unit, text: str) -> None:
    number, most = _NUMBER.fullmatch(text), _MOST_DIGITS[unit]
    found = f"found the constant {text!r}"
    if not number:
        raise ValueError(f"expected {expected}, {found}")
    if len(number[1]) > most:
        raise ValueError(f"expected at most {most} digits of {unit}, {found}; is it a smaller unit?")


def _expect_iso(notation: Zoned, text: str) -> None:
    local = _LOCAL.match(text)
    if not local or not _is_sound(datetime.fromisoformat, local[0][:_WITH_SECONDS]):
        raise ValueError(f"expected a time such as 2026-02-20T08:00:00Z, found the constant {text!r}")
    zone = text[local.end() :]
    if not zone and notation.zone is None:
        raise ValueError(f"the constant {text!r} has no zone; write {text + 'Z'!r} for UTC, or add `zone`")
    if zone and not _ZONE.fullmatch(zone):
        raise ValueError(f"expected a zone such as Z or +01:00, found {zone!r} in the constant {text!r}")


def _is_sound(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
