"""Finds the fields of a log that a format does not read, by their paths, so that a path can be copied into it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.format_paths import LINE
from usage_pipeline.events.source_format import SourceFormat

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def unread_of_events(source_format: SourceFormat, metas: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count the fields in `meta`, each by its path; a column of a CSV file by its name."""
    if source_format.format is FileType.CSV:
        return Counter(name for meta in metas for name in meta)
    read = {path for path in source_format.read_fields if not path.startswith(LINE)}
    return Counter(path for meta in metas for path in dict.fromkeys(_unread(meta, "$", read)))


def unread_around(source_format: SourceFormat, lines: Iterable[Any]) -> Counter[str]:
    """Count the fields of lines beside the events in them, of which the format reads neither them nor a part."""
    if source_format.each is None:
        return Counter()
    read = {path for path in source_format.read_fields if path.startswith(LINE)}
    read.add(f"{LINE}{source_format.each.removeprefix('$')}")
    return Counter(path for line in lines for path in dict.fromkeys(_unread(line, LINE, read)))


def _unread(value: Any, place: str, read: Collection[str]) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the paths in a value that are not read: of an object that is read in part, those of its fields."""
    for element in value if isinstance(value, list) and f"{place}[*]" not in read else ():
        yield from _unread(element, f"{place}[*]", read)
    for name, inner in value.items() if isinstance(value, dict) else ():
        key = name if _PLAIN.fullmatch(name) else f'"{name}"'
        path = f"{place}.{key}"
        if path in read or f"{path}[*]" in read:
            continue
        if any(other.startswith(f"{path}[*]") for other in read):
            for element in inner if isinstance(inner, list) else ():
                yield from _unread(element, f"{path}[*]", read)
        elif any(other.startswith((f"{path}.", f"{path}[")) for other in read):
            yield from _unread(inner, path, read)
        else:
            yield f"{path}[*]" if isinstance(inner, list) else path
