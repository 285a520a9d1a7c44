"""Turns the errors of a format into messages that name the key and the expected value."""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_PLACE = 'a field such as $.name, a list of fields, {join: [$.a, $.b]} or {constant: "USD"}'
_EXPECTED = {
    "name": "a file name of small letters, digits and _ that begins with a letter",
    "description": "one sentence",
    "format": "jsonl or csv",
    "identity": "`position`, or a list such as [$.id]",
    "identity_suffix": 'suffixes by type, such as {agent_run_started: "#started"}',
    "skip": "a list of tests such as {field: $.type, is: [summary]}, or {field: $.usage, is: absent}",
    "tenant": "one field, such as $.tenant; where no line names the tenant, the folder does",
    "type": "a field such as $.type, {constant: request}, or {present: $.end, then: …, otherwise: …}",
    "types": "types by name; put names such as on, no and 404 in quotes",
    "times": "times by column, each as {field: $.time, format: iso}",
    "fields": _PLACE,
    "content": "a field such as $.name, or a list of fields",
    "delivery_fields": "a list such as [$.attempt]",
    "meters": (
        "a list of some of tokens, messages, requests, conversations, bytes, tool_calls, cost, credits; or []"
    ),
    "input_includes_cached": "true or false",
}


def problems(file: Path, error: ValidationError, keys: Collection[str]) -> str:
    """Return a line per wrong key: file, key, problem."""
    found = {_key(details): _problem(details, keys) for details in error.errors()}
    return "\n".join(": ".join(filter(None, (str(file), key, problem))) for key, problem in found.items())


def _key(details: ErrorDetails) -> str:
    """Return the key as in the file, without the names of the forms that pydantic tried."""
    top, *inner = map(str, details["loc"]) if details["loc"] else ("",)
    depth = {"fields": 1, "content": 1, "times": 2, "types": 0}.get(top, 0)
    return ".".join([top, *inner[:depth]])


def _problem(details: ErrorDetails, keys: Collection[str]) -> str:
    match details["type"]:
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "missing":
            return f"it is missing; expected {_expected(details)}"
        case "extra_forbidden":
            near = get_close_matches(str(details["loc"][-1]), keys, n=1)
            return "there is no such key" + (f"; did you mean {near[0]!r}?" if near else "")
        case _:
            return f"expected {_expected(details)}, found {details['input']!r}"


def _expected(details: ErrorDetails) -> str:
    return _EXPECTED.get(str(details["loc"][0]), details["msg"])
