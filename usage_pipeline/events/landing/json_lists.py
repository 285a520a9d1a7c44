"""The SQL of all values at a path through lists, such as `$.calls[*].tokens` or `$.parts[type=tool_use]`."""

import re

from usage_pipeline.events.format_paths import WITH_TEXT
from usage_pipeline.storage.engine import literal

_STEP = re.compile(rf"\[\*\]|{WITH_TEXT}")


def values_in_lists(document: str, path: str) -> str:
    """Return the SQL of the list of texts that are there; one of them is null where something is no list."""
    elements, end = "", 0
    for depth, step in enumerate(_STEP.finditer(path)):
        outer = literal(f"${path[end : step.start()].removeprefix('$')}")
        if depth:
            element = f"outer_{depth}"
            inner = f"CASE WHEN {element} IS NULL THEN [NULL] ELSE elements_at({element}, {outer}) END"
            elements = f"flatten(list_transform({elements}, lambda {element}: {inner}))"
        else:
            elements = f"elements_at({document}, {outer})"
        field, quoted, plain = step.groups()
        if field:
            elements = f"elements_with({elements}, {literal(f'$.{field}')}, {literal(quoted or plain)})"
        end = step.end()
    return f"texts_at({elements}, {literal(f'${path[end:]}')})"
