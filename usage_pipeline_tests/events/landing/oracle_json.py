"""What a JSON document says at a path, in plain Python."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from usage_pipeline_tests.events.landing.oracle_values import InvalidError, Text, is_structure

_STEPS = re.compile(r'\.(?:"([^"]+)"|([^."\[]+))|\[([0-9]+)\]|\["([^"]+)"\]|\[(\w+)=(?:"([^"]+)"|([^"\]]+))\]')
_MEMBERS = re.compile(r'\[\*\]|\[(\w+)=(?:"([^"]+)"|([^"\]]+))\]')
_WRAPPED = ("stringValue", "intValue", "doubleValue", "boolValue")


@dataclass(frozen=True)
class _Number:
    """A JSON number as it is written."""

    raw: str


def members_at(event: Any, path: str) -> list[Text]:
    """All texts at a path through lists. Raises InvalidError where something else takes the place of a list."""
    values, start = [event], 1
    for step in _MEMBERS.finditer(path):
        named, quoted, text = step.groups()
        values = [member for value in values for member in _members(at_path(value, path[start : step.start()]))]
        values = [member for member in values if named is None or _says(member, named, quoted or text)]
        start = step.end()
    found = (text_of_json(at_path(value, path[start:])) for value in values)
    return [text for text in found if text]


def _members(value: Any) -> list[Any]:
    """The elements of a list; a text that is not JSON has none."""
    if isinstance(value, list):
        return value
    if value is None or (isinstance(value, str) and not is_structure(value)):
        return []
    raise InvalidError


def _says(value: Any, name: str, text: str) -> bool:
    """Whether the field of an object has this text."""
    said = text_of_json(value.get(name)) if isinstance(value, dict) else None
    return said is not None and said.text == text


def loaded(text: str) -> Any:
    line = json.loads(
        text, object_pairs_hook=_first, parse_int=_Number, parse_float=_Number, parse_constant=_no_number
    )
    if "\\u" in text:
        json.dumps(json.loads(text), ensure_ascii=False).encode()  # half a character is no text
    return line


def _no_number(name: str) -> None:
    raise ValueError(name)


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one name the first counts."""
    return dict(reversed(pairs))


@cache
def _steps(path: str) -> list[tuple[str, ...]]:
    return _STEPS.findall(path)


def at_path(value: Any, path: str) -> Any:
    for quoted, plain, index, key, named, quoted_text, text in _steps(path):
        if key:
            value = _attribute(value, key)
        elif named:
            value = _element(value, named, quoted_text or text)
        elif index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(quoted or plain) if isinstance(value, dict) else None
    return _unwrapped(value) if path.endswith('"]') else value


def _attribute(pairs: Any, key: str) -> Any:
    """The value of the first pair with this key."""
    named = [pair for pair in pairs if isinstance(pair, dict)] if isinstance(pairs, list) else []
    found = (pair.get("value") for pair in named if (name := text_of_json(pair.get("key"))) and name.text == key)
    return next(found, None)


def _element(elements: Any, name: str, text: str) -> Any:
    """The first element whose field says this."""
    named = (each for each in elements if _says(each, name, text)) if isinstance(elements, list) else ()
    return next(iter(named), None)


def _unwrapped(value: Any) -> Any:
    """What an object says that names the type of its value."""
    inner = (value.get(name) for name in _WRAPPED) if isinstance(value, dict) else ()
    return next((found for found in inner if found is not None), value)


def text_of_json(value: Any) -> Text | None:
    match value:
        case None | "":
            return None
        case str():
            return Text(value, None)
        case _Number(raw=raw):
            return Text(_compact(value), Decimal(raw))
        case _:
            return Text(_compact(value), None)


def _compact(value: Any) -> str:
    """A value as JSON without white space."""
    match value:
        case _Number(raw=raw):
            return raw if raw.lstrip("-").isdigit() else repr(float(raw))
        case dict():
            return "{" + ",".join(f"{_compact(name)}:{_compact(inner)}" for name, inner in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_compact, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
