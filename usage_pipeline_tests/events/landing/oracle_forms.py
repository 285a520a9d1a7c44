"""What the forms of a value say of a line, in plain Python: fallbacks, sums, new texts, units and durations."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

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
)
from usage_pipeline.events.notations import Unit
from usage_pipeline_tests.events.landing.oracle_lines import Fields
from usage_pipeline_tests.events.landing.oracle_values import (
    InvalidError,
    Text,
    number_of,
    time_of,
    whole_of,
)

Read = Callable[[Text], object]
_MICROSECONDS = {
    Unit.SECONDS: (10**12, Decimal(1_000_000)),
    Unit.MILLISECONDS: (10**15, Decimal(1_000)),
    Unit.MICROSECONDS: (10**18, Decimal(1)),
    Unit.NANOSECONDS: (10**18, Decimal("0.001")),
}


def text_of(  # noqa: C901, PLR0911 - one for each form
    value: object, fields: Fields, read: Read
) -> Text | None:
    """The text of a value, if it is there. Raises InvalidError where a part of it is not of its form."""
    match value:
        case str():
            return fields.one(value)
        case tuple():
            return next(filter(None, (text_of(part, fields, read) for part in value)), None)
        case Constant():
            return Text(value.constant, None)
        case Join():
            return _joined([text_of(part, fields, read) for part in value.join])
        case Sum():
            return _summed([text_of(part, fields, read) for part in value.sum], read)
        case SumOf():
            return _summed(fields.every(value.sum_of), read)
        case CountOf():
            return _number(len(fields.every(value.count_of)))
        case FirstLine():
            return fields.first(value.first_line)
        case FileName():
            return _time_in_name(value.file_name, fields.file)
        case Elapsed():
            return _elapsed(value, text_of(value.start, fields, read), text_of(value.end, fields, read))
        case Converted():
            terms = _reads_terms(value.unit) if value.unit else read
            return _converted(value, text_of(value.field, fields, terms))
        case _:
            raise TypeError(value)


def moment_of(time: Time, fields: Fields) -> datetime | None:
    """A time, with what has passed since where it is a start."""
    texts = [text_of(time.field, fields, whole_of)]
    if time.offset:
        texts.append(text_of(time.offset.field, fields, _reads_terms(time.offset.unit)))
    if None in texts:
        return None
    start, *passed = (text for text in texts if text is not None)
    moment = time_of(start, time.format, time.zone)
    for text in passed:
        assert time.offset
        try:
            moment += timedelta(microseconds=_microseconds(text, time.offset.unit))
        except OverflowError:  # after the year 9999
            raise InvalidError from None
    return moment


def _reads_terms(unit: Unit) -> Read:
    """How the terms of a sum of durations are read: each as a duration, with its fraction."""

    def read(text: Text) -> Decimal:
        _microseconds(text, unit)
        return number_of(text)

    return read


def _joined(texts: Iterable[Text | None]) -> Text | None:
    escaped = [text and text.text.replace("%", "%25").replace(":", "%3A") for text in texts]
    return None if None in escaped else Text(":".join(filter(None, escaped)), None)


def _summed(texts: Iterable[Text | None], read: Read) -> Text | None:
    terms = [read(text) for text in texts if text is not None]
    total = sum(Decimal(str(term)) for term in terms)
    return _number(total) if terms else None


def _time_in_name(pattern: str, name: str) -> Text | None:
    """The time in a name without its endings."""
    stem = re.sub(r"\.(jsonl|csv)(\.gz|\.zst)?$", "", name)
    named = re.escape(pattern).replace(r"\*", ".*")
    for part, digits in {"Y": "{4}", "m": "{2}", "d": "{2}", "H": "{2}", "M": "{2}", "S": "{2}", "s": "+"}.items():
        named = named.replace(f"%{part}", f"(?P<{part}>[0-9]{digits})")
    found = re.fullmatch(named, stem, re.DOTALL)
    if not found:
        return None
    parts = {"H": "00", "M": "00", "S": "00", **found.groupdict()}
    return Text(parts["s"] if "s" in parts else "{Y}-{m}-{d}T{H}:{M}:{S}".format(**parts), None)


def _elapsed(value: Elapsed, start: Text | None, end: Text | None) -> Text | None:
    if start is None or end is None:
        return None
    passed = time_of(end, value.format, value.zone) - time_of(start, value.format, value.zone)
    return None if passed < timedelta() else _number(passed // timedelta(milliseconds=1))


def _converted(value: Converted, text: Text | None) -> Text | None:
    if value.map and text and text.text in value.map:
        new = value.map[text.text]
        text = None if new is None else Text(new, None)
    if text is None and value.default is not None:
        text = Text(value.default, None)
    if text is None or value.unit is None:
        return text
    return _number(_microseconds(text, value.unit) // 1000)


def _microseconds(text: Text, unit: Unit) -> int:
    limit, microseconds = _MICROSECONDS[unit]
    number = number_of(text)
    if not 0 <= number < limit:
        raise InvalidError
    return int(number * microseconds)


def _number(value: Decimal | int) -> Text:
    return Text(str(value), Decimal(value))
