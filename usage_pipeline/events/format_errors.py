"""Turns the errors of a format into messages that name the key and the expected value."""

from collections.abc import Collection
from datetime import date
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from usage_pipeline.events.format_values import FORM
from usage_pipeline.events.notations import TimeFormat
from usage_pipeline.words import did_you_mean

_VALUE = (
    'a field such as $.name, a list of fields, {constant: "USD"}, {field: $.name, map: {old: new}}, '
    "{join: [$.a, $.b]}, {sum: [$.a, $.b]}, {sum_of: $.calls[*].tokens} or {count_of: $.calls[*]}"
)
_TEXT = "a text that is not empty; put numbers in quotes"
_SEVERAL = "a list of two values or more"
_EXPECTED = {
    "name": "a file name of small letters, digits and _ that begins with a letter",
    "description": "one sentence",
    "format": "jsonl or csv",
    "each": "a path to the elements of lists, such as $.spans[*]",
    "identity": "`position`, or a list such as [$.id]",
    "identity_suffix": 'suffixes by type, such as {agent_run_started: "#started"}',
    "skip": "a list of tests such as {field: $.type, is: [summary]}, or {field: $.usage, is: absent}",
    "repeats": "first, last, or greatest of a column or a field, such as `greatest of tokens_out`",
    "unique_within_days": "a number of days from 0 to 3",
    "tenant": "a field such as $.tenant; where no line names the tenant, the folder does",
    "type": "a field such as $.type, {constant: request}, or {present: $.end, then: …, otherwise: …}",
    "types": "types by name; put names such as on, no and 404 in quotes",
    "times": "times by column, each as {field: $.time, format: iso}",
    "fields": _VALUE,
    "content": "a field such as $.name, or a list of fields",
    "required": "a list of columns such as [tokens_in, model]",
    "delivery_fields": "a list such as [$.attempt]",
    "ignore": "a list such as [$.trace]",
    "parse": "a list such as [$.metadata]",
    "meters": (
        "a list of some of tokens, messages, requests, conversations, bytes, tool_calls, cost, credits; or []"
    ),
    "input_includes_cached": "true or false",
    "output_includes_reasoning": "true or false",
}
"""By key of a format, what may stand there."""
_EXPECTED_WITHIN = {
    "constant": _TEXT,
    "default": _TEXT,
    "map": "new texts by old ones, such as {failure: failed}; put numbers in quotes",
    "join": _SEVERAL,
    "sum": _SEVERAL,
    "sum_of": "a path to the values in lists, such as $.calls[*].tokens",
    "count_of": "a path to the values in lists, such as $.parts[type=tool_use]",
    "file_name": "the pattern of the file's name without its ending, such as run_%Y-%m-%d_%H-%M-%S",
    "first_line": "a path such as $.start",
    "from": "the field of a time",
    "to": "the field of a time",
    "field": _VALUE,
    "present": _VALUE,
    "unit": "one of s, ms, us, ns",
    "format": f"one of {', '.join(TimeFormat)}",
    "zone": "a time zone such as Europe/Berlin",
    "offset": "what has passed since, such as {field: $.seconds, unit: s} or {field: {sum: [$.a, $.b]}, unit: ms}",
}
"""The same by key of a value or a time."""
_WITHOUT_KEYS = frozenset({"types", "skip", "repeats", "meters", "required", "delivery_fields", "ignore", "parse"})
"""Keys that are named without what stands below them."""
_NAMES_BELOW = frozenset({"fields", "content", "times"})
"""Keys that have names of columns or texts below them, and no keys."""


def problems(file: Path, error: ValidationError, keys: Collection[str]) -> str:
    """Return a line per wrong key: file, key, problem."""
    found = {_key(details): _problem(details, keys) for details in error.errors()}
    return "\n".join(": ".join(filter(None, (str(file), key, problem))) for key, problem in found.items())


def _key(details: ErrorDetails) -> str:
    """Return the key as in the file."""
    return ".".join(map(str, _location(details)))


def _location(details: ErrorDetails) -> list[str | int]:
    """Return the keys that lead to the fault, without the names of the forms that pydantic tried."""
    top, *inner = details["loc"] or ("",)
    if top in _WITHOUT_KEYS:
        return [top]
    return [top, *(part for part in inner if not str(part).startswith(FORM) and "[" not in str(part))]


def _problem(details: ErrorDetails, keys: Collection[str]) -> str:
    match details["type"]:
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "missing":
            return f"it is missing; expected {_expected(details)}"
        case "extra_forbidden" if details["loc"][-1] in _EXPECTED_WITHIN:
            return f"there is no such key here; expected {_expected(details)}"
        case "extra_forbidden":
            meant = did_you_mean(str(details["loc"][-1]), [*keys, *_EXPECTED_WITHIN], most=1)
            return "; ".join(filter(None, ("there is no such key", meant)))
        case _ if isinstance(details["input"], date):
            return f"put the time in quotes; expected {_expected(details)}"
        case _:
            return f"expected {_expected(details)}, found {details['input']!r}"


def _expected(details: ErrorDetails) -> str:
    top, *inner = _location(details)
    if details["type"] == "extra_forbidden":
        inner = inner[:-1]
    within = [part for part in inner[top in _NAMES_BELOW :] if part in _EXPECTED_WITHIN]
    return _EXPECTED_WITHIN[str(within[-1])] if within else _EXPECTED.get(str(top), details["msg"])
