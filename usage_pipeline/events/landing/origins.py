"""What a format fills each column from, in words for the people who write it."""

from collections.abc import Iterator

from usage_pipeline.events.format_values import Constant, parts_of
from usage_pipeline.events.landing.expected import linked
from usage_pipeline.events.record import TEXTS
from usage_pipeline.events.source_format import SourceFormat

_TEXTS = frozenset(column.name for column in TEXTS)


def origins(source_format: SourceFormat) -> Iterator[tuple[str, str]]:
    """Yield each column that the format fills, with its fields and constants."""
    yield "record_id", ", ".join(map(_origin, source_format.identity_fields)) or "position"
    yield "tenant_id", _origin(source_format.tenant) or "folder"
    yield "type", _origin(source_format.type)
    for name, time in source_format.times.items():
        yield name, " + ".join(map(_origin, time.values))
    for name, value in source_format.fields.items():
        yield name, _origin(value)


def text_origins(source_format: SourceFormat) -> dict[str, str]:
    """Return the same for the columns of `content`; several texts share the column `other`."""
    found: dict[str, list[str]] = {}
    for name, value in source_format.content.items():
        found.setdefault(name if name in _TEXTS else "other", []).append(_origin(value))
    return {column: ", ".join(names) for column, names in found.items()}


def _origin(value: object) -> str:
    if isinstance(value, Constant):
        return f"{{constant: {value.constant}}}"
    return value if isinstance(value, str) else linked(value, map(_origin, parts_of(value)))
