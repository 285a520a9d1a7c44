"""What a constant time must look like, so that a wrong one is an error of the format and not of each line."""

import re
from collections.abc import Callable
from datetime import date, datetime

from usage_pipeline.events.notations import TimeFormat, Zoned

_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")
_ZONE = re.compile(r"Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?")


def expect_moment(notation: Zoned, text: str) -> None:
    """Raise ValueError if a constant is no time of this notation."""
    match notation.format:
        case TimeFormat.ISO:
            _expect_iso(notation, text)
        case TimeFormat.DAY:
            if not _is_sound(date.fromisoformat, text):
                raise ValueError(f"expected a day such as 2026-02-20, found the constant {text!r}")
        case _:
            if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
                raise ValueError(f"expected a number since 1970, found the constant {text!r}")


def _expect_iso(notation: Zoned, text: str) -> None:
    local = _LOCAL.match(text)
    if not local or not _is_sound(datetime.fromisoformat, local[0][:16]):
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
