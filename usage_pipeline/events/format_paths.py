"""The paths of JSON lines: to a field, to the elements of lists, and to all values in lists."""

import re

_KEY = r'\.(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]+")'
_WITHIN = rf"(?:{_KEY}|\[[0-9]+\])*"
_PLAIN_PATH = re.compile(rf"^\$(?:{_KEY})+$")
LINE = "$line"
"""What paths begin with that lead into the line which an event is an element of."""
EACH_STEP = rf"((?:{_KEY})*)\[\*\]"
_EACH = re.compile(rf"^\$(?={_KEY})(?:{EACH_STEP})+$")
_ATTRIBUTE = rf'\["[^"\\]+"\]{_WITHIN}'
WITH_TEXT = r'\[([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"\\]+)"|([^"\\\[\]]+))\]'
"""A step to the elements whose field has a text."""
_JSON_PATH = re.compile(
    rf"^\$(?:line(?:{EACH_STEP})*)?{_KEY}{_WITHIN}(?:{_ATTRIBUTE}|{WITH_TEXT}{_KEY}{_WITHIN})?$"
)
_LIST_PATH = re.compile(rf"^\${_KEY}{_WITHIN}(?:(?:\[\*\]|{WITH_TEXT}){_WITHIN})+$")


def is_json_path(text: str) -> bool:
    """Return True for a path such as `$.name`, `$.list[0].name`, `$.list["key"]` or `$.list[field=text].name`."""
    return _JSON_PATH.match(text) is not None


def is_each(text: str) -> bool:
    """Return True for a path to the elements of lists, such as `$.spans[*]` or `$.outer[*].inner[*]`."""
    return _EACH.match(text) is not None


def is_around(path: str, each: str | None) -> bool:
    """Return True for a path into what an event lies in, through the lists that `each` leads through."""
    lists = path.removeprefix(LINE).rpartition("[*]")
    return each is not None and path.startswith(LINE) and each.startswith(f"${lists[0]}{lists[1]}")


def is_plain_path(text: str) -> bool:
    """Return True for a path of keys only, such as `$.name`."""
    return _PLAIN_PATH.match(text) is not None


def is_list_path(text: str) -> bool:
    """Return True for a path to all values in lists, such as `$.calls[*].tokens` or `$.parts[type=tool_use]`."""
    return _LIST_PATH.match(text) is not None


def expect_list_path(text: str) -> str:
    """Return the text. Raises ValueError if it is no path through a list of the event."""
    if not is_list_path(text):
        within = " within the event" if text.startswith(LINE) else ""
        raise ValueError(
            f"{text!r} is no path through lists{within}; expected `$.calls[*].tokens` or `$.parts[type=tool_use]`"
        )
    return text
