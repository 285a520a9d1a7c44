"""The paths of JSON lines, to a field, the elements of lists or all values in lists; and the patterns of names."""

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


def expect_plain_path(text: str) -> str:
    """Return the text. Raises ValueError if it is no path of keys."""
    if not is_plain_path(text):
        raise ValueError(f"{text!r} is no path of names; expected `$.name` or `$.outer.name`")
    return text


TIME_PARTS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
"""The parts of a time in the pattern of a file's name, with their number of digits; the day is needed."""
SECONDS_SINCE_1970 = "%s"
NAME_STEP = re.compile(r"%.|\*|[^%*]+|%", re.DOTALL)


def expect_file_name(text: str) -> str:
    """Return the text. Raises ValueError if it is no pattern of a file's name with one time."""
    parts = [step for step in NAME_STEP.findall(text) if step.startswith("%")]
    day = set(TIME_PARTS) - {"%H", "%M", "%S"}
    is_time = day <= set(parts) <= set(TIME_PARTS) and len(set(parts)) == len(parts)
    if parts != [SECONDS_SINCE_1970] and not is_time:
        raise ValueError(
            f"{text!r} is no pattern of one time; expected `run_%Y-%m-%d_%H-%M-%S_*`, or `run_%s` with a number "
            "since 1970"
        )
    return text
