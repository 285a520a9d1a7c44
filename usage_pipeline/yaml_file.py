"""Reads the YAML files that people edit, and reports their errors in one way."""

import os
from collections.abc import Callable, Collection
from functools import lru_cache, wraps
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from usage_pipeline.errors import ReferenceFileError, UsagePipelineError
from usage_pipeline.words import did_you_mean

Entry = TypeVar("Entry", bound=BaseModel)
Found = TypeVar("Found")

_EXPECTED = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    **dict.fromkeys(
        ("date_from_datetime_inexact", "date_from_datetime_parsing", "date_parsing", "date_type"),
        "a day, YYYY-MM-DD",
    ),
    "decimal_parsing": 'a decimal number in quotes, such as "99.50"',
    "dict_type": "values by name, as in `name: value`",
    "finite_number": "a finite number",
    **dict.fromkeys(("float_parsing", "float_type"), "a number"),
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "a whole number"),
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "model_type": "keys with values, as in `key: value`",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "too_short": "a list that is not empty",
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
}
"""What may stand in a place, by the kind of error."""

_FORMS = {"int", "float"}
"""The names of the forms of a number that pydantic tries."""


class _UniqueKeys(yaml.CSafeLoader):
    """Refuses repeated keys, of which YAML would silently take the last. Uses the fast parser in C."""


def _unique_mapping(loader: _UniqueKeys, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} appears twice", node.value[index][0].start_mark
            )
    return loader.construct_mapping(node, deep)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def read_once(parse: Callable[[Path, str], Found]) -> Callable[[Path], Found]:
    """Return the reader of a file of the reference directory, which parses it again only if its text has changed.

    Requests and runs read such files again and again, and a thousand tenants take a tenth of a second. Without the
    file, its text is empty. Nobody changes what it returns.
    """
    parsed = lru_cache(maxsize=1)(parse)

    @wraps(parse)
    def read(file: Path) -> Found:
        return parsed(file, text_of(file))

    del read.__dict__["__wrapped__"]  # whose signature would be shown
    return read


def yaml_files(folder: Path) -> list[Path]:
    """Return the YAML files of a folder that people edit, by name; none without the folder.

    Hidden ones are not theirs: editors keep locks and unfinished files there while somebody edits, such as the
    link `.#limits.yaml` of Emacs, which leads nowhere.
    """
    found = (*folder.glob("*.yaml"), *folder.glob("*.yml"))
    return sorted(file for file in found if not file.name.startswith("."))


def text_of(file: Path) -> str:
    """Read the text of a file of the reference directory; an empty one without the file."""
    return read_text(file, ReferenceFileError) if os.path.lexists(file) else ""


def read_yaml(file: Path, error: type[UsagePipelineError]) -> dict[str, Any]:
    """Read a file of entries by name; an empty file has none. Raises `error`, naming file and problem."""
    return parse_yaml(file, read_text(file, error), error)


def parse_yaml(file: Path, text: str, error: type[UsagePipelineError]) -> dict[str, Any]:
    """Parse the text of a file of entries by name. Raises `error`, naming file and problem."""
    content = _parse(file, text, error)
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise error(f"{file}: expected entries by name, as in `name: …`")
    return content


def parse_yaml_list(file: Path, text: str, first_key: str) -> list[Any]:
    """Parse the text of a file with a list of entries, which begin with this key as a rule; an empty one has none.

    Raises ReferenceFileError, naming file and problem.
    """
    content = _parse(file, text, ReferenceFileError)
    if content is None:
        return []
    if not isinstance(content, list):
        raise ReferenceFileError(f"{file}: expected a list of entries, each as in `- {first_key}: …`")
    return content


def parse_entry(model: type[Entry], content: object, place: str, error: type[UsagePipelineError]) -> Entry:
    """Validate an entry. Raises `error` with a line per wrong key: place, key, and what may stand there."""
    try:
        return model.model_validate(content)
    except ValidationError as invalid:
        known = {field.alias or name for name, field in model.model_fields.items()}
        lines = (f"{place}: {_problem(details, known)}" for details in invalid.errors())
        raise error(
            "\n".join(dict.fromkeys(line if line.endswith("?") else f"{line}." for line in lines))
        ) from None


def _problem(details: ErrorDetails, known: Collection[str]) -> str:
    key = _key(details)
    problem = _words(details, known if len(details["loc"]) == 1 else ())
    return f"{key}: {problem}" if key else problem


def _key(details: ErrorDetails) -> str:
    """Return the path of the key in the file, such as tiers.0.prices, without the forms that pydantic tried."""
    return ".".join(takewhile(lambda part: "[" not in part and part not in _FORMS, map(str, details["loc"])))


def _words(details: ErrorDetails, known: Collection[str]) -> str:
    found, limits = repr(details["input"])[:100], details.get("ctx", {})
    match details["type"]:
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "missing":
            return "it is missing"
        case "extra_forbidden":
            meant = did_you_mean(str(details["loc"][-1]), known, most=1)
            return "; ".join(filter(None, ("there is no such key", meant)))
        case "enum" | "literal_error":
            return f"expected {limits['expected']}, found {found}"
        case kind:
            return f"expected {_EXPECTED.get(kind, 'another value').format(**limits)}, found {found}"


def _hint(problem: Exception, text: str) -> str:
    """Return what to do about brackets in a text within brackets, which is what is wrong most often there."""
    context = str(getattr(problem, "context", None))
    if "flow" not in context and "alias" not in context:
        return ""
    if "$." in text:
        return '\nWithin [ ] and { }, put a text or a path with brackets in quotes, such as "$.steps[*].model"'
    return "\nClose each [ and {, and put a text with brackets, commas or colons within them in quotes."


def read_text(file: Path, error: type[UsagePipelineError]) -> str:
    """Read the text of a file. Raises `error`, naming file and problem."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"{file}: not valid YAML: {problem}. Save it in UTF-8.") from None
    except OSError as problem:
        if isinstance(problem, FileNotFoundError) and file.is_symlink():
            raise error(f"{file}: a link that leads nowhere; remove it, or put the file itself here.") from None
        raise error(f"{file}: cannot be read: {problem.strerror}") from None


def _parse(file: Path, text: str, error: type[UsagePipelineError]) -> object:
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError) as problem:  # an impossible date is a ValueError
        raise error(f"{file}: not valid YAML: {problem}{_hint(problem, text)}") from None
