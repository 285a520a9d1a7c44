"""What may stand where: sums in columns of numbers, units and durations in those of durations, and paths."""

import re
from collections.abc import Collection, Mapping

from usage_pipeline.events import catalogue
from usage_pipeline.events.format_paths import LINE, is_around, is_json_path, is_list_path
from usage_pipeline.events.format_values import (
    Converted,
    CountOf,
    Elapsed,
    FirstLine,
    Sum,
    SumOf,
    constants,
    list_paths,
    nodes,
)
from usage_pipeline.events.record import FIELD_TYPES

ANY_TYPE = "*"
"""The name that stands for every type of a log that is not listed."""
OFFSET = ".offset"
"""What the key of a number ends in that has passed since a start."""
_NUMBERS = {
    "BIGINT": (re.compile(r"[0-9]{1,15}"), "a whole number, 0 or more"),
    "DECIMAL(38,24)": (re.compile(r"[0-9]{1,13}(\.[0-9]{1,24})?"), "a decimal number, 0 or more"),
}


def expect_path(key: str, path: str) -> None:
    """Raise ValueError if a text is no path to one field, or a path around the events where none may stand."""
    if not is_json_path(path) or (key == "ignore" and path.startswith(LINE)):
        raise ValueError(f"{key}: {path!r} is not a JSON path; expected {_expected_path(key, path)}")


def expect_of_csv(key: str, value: object) -> None:
    """Raise ValueError if a value has a form that the lines of a CSV file cannot give."""
    for path in list_paths(value):
        raise ValueError(f"{key}: {path!r} leads into a list, and the columns of CSV files have none")
    if any(isinstance(node, FirstLine) for node in nodes(value)):
        raise ValueError(f"{key}: the first line of a CSV file is its header; give `file_name`, or a constant")


def expect_mapped(key: str, name: str, columns: Collection[str]) -> None:
    """Raise ValueError if a name is none of the columns of the format."""
    if name not in columns:
        raise ValueError(f"{key}: the format maps no column {name!r}; map it below `fields`, or remove it")


def expect_around(key: str, path: str, each: str | None) -> None:
    """Raise ValueError if a path around the events leads through other lists than `each`."""
    if path.startswith(LINE) and not is_around(path, each):
        raise ValueError(
            f"{key}: {path!r} leads through other lists than `each`; expected `$line.name`, or `$line` followed "
            "by a part of `each`"
        )


def _expected_path(key: str, text: str) -> str:
    """Return what may stand in the place of a text that is no path."""
    if is_list_path(text):
        return f"{{sum_of: {text}}} for the sum of all values there, or {{count_of: {text}}} for their number"
    paths = '`$.name`, `$.outer."inner name"`, `$.list[0].name`, `$.attributes["key"]`, `$.list[field=text].name`'
    match key:
        case "delivery_fields":
            return f"{paths}, a column that the format maps, or the name of a text"
        case "identity":
            return f"{paths}, or {{constant: …}}; `position` stands alone, as `identity: position`"
        case _:
            return f"{paths}, or {{constant: …}}"


def expect_types(types: Mapping[str, str | None]) -> None:
    """Raise ValueError if a type of the log becomes none of the event catalogue."""
    for name, target in types.items():
        if name == ANY_TYPE and target is None:
            raise ValueError("types.*: say what any other type counts as, such as `'*': request`")
        if "*" in name and name != ANY_TYPE and target is not None:
            raise ValueError(f"types.{name}: a pattern keeps the names that it matches; remove {target!r}")
        if catalogue.find(target or name) is None:
            advice = "name each type by itself"
            if "*" not in name:
                advice = f"give one of its types, such as `{name}: request`"
            raise ValueError(f"types.{name}: {target or name!r} is not in the event catalogue; {advice}")


def expect_comparable(key: str, name: str, columns: Collection[str]) -> None:
    """Raise ValueError if a name is neither a path nor one of the columns with numbers or times."""
    numbers = [column for column in columns if FIELD_TYPES[column] != "VARCHAR"]
    if name in numbers or is_json_path(name):
        return
    fault = f"{name!r} is a text" if name in columns else f"the format maps no column {name!r}"
    raise ValueError(
        f"{key}: {fault}; expected one of {', '.join(sorted(numbers))}, or a field such as `$.attempt`"
    )


def expect_in_place(key: str, value: object, column: str | None) -> None:
    """Raise ValueError if a value has a form that its column does not take; no column is a text."""
    for node in nodes(value):
        if isinstance(node, Sum | SumOf | CountOf) and not (key.endswith(OFFSET) or _is_number(column)):
            found = "a count" if isinstance(node, CountOf) else "a sum"
            raise ValueError(f"{key}: {found} is a number, and no number is expected here; `join` joins texts")
        if isinstance(node, Elapsed) and not _is_duration(column):
            raise ValueError(f"{key}: `from` and `to` make a duration; only duration_ms and latency_ms take one")
        if isinstance(node, Converted) and node.unit is not None and not _is_duration(column):
            raise ValueError(f"{key}.unit: only duration_ms and latency_ms have a unit; remove it")

    if column is not None:
        _expect_numbers(key, value, column)


def _expect_numbers(key: str, value: object, column: str) -> None:
    if FIELD_TYPES[column] not in _NUMBERS:
        return
    pattern, expected = _NUMBERS[FIELD_TYPES[column]]
    for text in constants(value):
        if not pattern.fullmatch(text):
            raise ValueError(f"{key}: expected {expected}, found the constant {text!r}")


def _is_number(column: str | None) -> bool:
    return column is not None and FIELD_TYPES[column] != "VARCHAR"


def _is_duration(column: str | None) -> bool:
    return column is not None and column.endswith("_ms")
