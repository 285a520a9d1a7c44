"""Reads the fields of JSON lines in SQL."""

import json
from collections.abc import Iterable, Iterator

from usage_pipeline.events.format_paths import LINE
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.json_documents import JsonDocuments, is_malformed_json, pattern_of, quoted
from usage_pipeline.events.landing.json_lists import values_in_lists
from usage_pipeline.events.landing.json_paths import (
    Tree,
    add,
    attribute,
    element,
    inner_keys,
    is_in_list,
    keys,
    last_keys,
    nulls_at,
)
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import list_literal, literal


class JsonFields(Fields):
    """Fields of JSON lines, by path."""

    def __init__(self, source_format: SourceFormat) -> None:
        """Arrange the paths of the format in one structure, except those that do not fit into it."""
        super().__init__(source_format, source_format.read_fields)
        self._documents = JsonDocuments(source_format)
        self._structure: Tree = {}
        # Of `$.error` and `$.error.code` the outer one fits: an object has a text, but a text has no fields.
        own = [path for path in self.names if path not in self._documents.around]
        self._own = [*own, *source_format.read_lists]
        by_depth = sorted(self._own, key=lambda path: len(keys(path)))
        self._in_structure = [path for path in by_depth if not is_in_list(path) and add(self._structure, path)]
        self._lists = sorted({found[0] for path in self.names if (found := attribute(path))})
        self._searched = sorted({searched[0] for path in self.names if (searched := element(path))})

    @property
    def numbering(self) -> tuple[str, ...]:
        """The number of an event within its line, whether the line has none, and whether `each` leads nowhere."""
        return ("landing_event", "without_event", "nowhere") if self._documents.events else ()

    def _lines(self) -> str:
        return "lines"

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield is_malformed_json("raw"), "malformed_json"
        # JSON that begins with a brace is an object; `json_type` would parse the line again.
        yield "NOT starts_with(raw, '{') AND NOT regexp_matches(raw, '^\\s*[{]')", "not_an_object"

    def _parsed(self, sound: str) -> str:
        structure = literal(json.dumps(self._structure))
        rests = ", ".join(f"{self._rest(name)} AS {name}_rest" for name in self.metas)
        columns = ", ".join([f"json_transform(exact, {structure}) AS v", *self._attributes()])
        values = f"SELECT *, {columns} FROM (\n{self._documents.select(sound)}\n) AS documents"
        return f"SELECT *, {rests} FROM (\n{values}\n) AS with_values"

    def _attributes(self) -> Iterator[str]:
        """Yield a column for each list of {key, value}, and for each that is searched for a text."""
        for number, path in enumerate(self._lists):
            yield f"attributes_in({self._list(path)}) AS attributes_{number}"
        for number, path in enumerate(self._searched):
            yield f"json_extract({self._list(path)}, '$[*]') AS elements_{number}"

    def _list(self, path: str) -> str:
        if path.startswith(LINE) and self._documents.events:
            return self._documents.events.column(path)
        return f"json_extract(exact, {literal(path)})"

    def _element(self, path: str, field: str, text: str, within: str) -> str:
        elements = f"elements_{self._searched.index(path)}"
        return (
            f"json_extract_string(element_with({elements}, {literal(field)}, {literal(text)}), {literal(within)})"
        )

    def _value(self, name: str) -> str:
        found = attribute(name)
        if found:
            path, key, within = found
            value = f"attribute(attributes_{self._lists.index(path)}, {literal(key)})"
            inner = f"json_extract_string({value}, {literal(within)})"
            return f"attribute_text({value})" if within == "$" else inner
        if searched := element(name):
            return self._element(*searched)
        if name in self._documents.around and self._documents.events:
            return f"json_extract_string({self._documents.events.column(name)}, '$')"
        if name not in self._in_structure:
            return self._beside_structure(name)
        value = self._in_v(name)
        if name not in self._epoch_times():
            return value
        # Whole numbers are exact; others were converted to a double.
        is_rounded = f"contains({value}, '.') OR contains({value}, 'e') OR contains({value}, 'E')"
        return f"CASE WHEN {is_rounded} THEN {self._unrounded(name)} ELSE {value} END"

    def _texts(self, path: str) -> str:
        return values_in_lists("exact", path)

    def _unrounded(self, name: str) -> str:
        return f"json_extract_string({quoted(self._documents.whole, [name])}, {literal(name)})"

    def _beside_structure(self, name: str) -> str:
        found = f"json_extract_string(exact, {literal(name)})"
        if name in self._epoch_times() and last_keys(name):
            found = self._unrounded(name)
        outer = next((path for path in self._in_structure if name.startswith(f"{path}.")), None)
        # Only lines with an object there, which are few, are parsed again.
        return f"CASE WHEN starts_with({self._in_v(outer)}, '{{') THEN {found} END" if outer else found

    def _in_v(self, path: str) -> str:
        return ".".join(["v", *(f'"{key}"' for key in keys(path))])

    def _rest(self, name: str) -> str:
        """Return the SQL of the line without mapped paths; null if nothing is left."""
        taken = [path for path in self._taken(name) if path not in self._documents.around]
        document, patch = self._documents.whole, literal(json.dumps(nulls_at(taken)))
        rest = f"CAST(json_merge_patch({document}, {patch}) AS VARCHAR)"
        outer = {keys(path)[0] for path in (*self._own, *self._format.ignore)}
        whole = [key for path in taken for key, *inner in [keys(path)] if not inner]
        if len(whole) < len(outer):
            return rest  # nearly every line has something left in one of the objects
        # A look at the keys takes a third of the time of building the rest, which few lines have.
        unknown = f"list_filter(json_keys({document}), lambda key: NOT list_contains({list_literal(whole)}, key))"
        return f"CASE WHEN len({unknown}) > 0 THEN {rest} END"

    def _meta(self, name: str) -> str:
        rest = f"{name}_rest"
        clean = rest
        for key in inner_keys([*self._own, *self._format.ignore]):
            clean = _without_empty(clean, key)
        return f"CASE WHEN contains({rest}, '{{}}') THEN nullif({clean}, '{{}}') ELSE {rest} END"

    def _epoch_times(self) -> set[str]:
        return {path for time, paths in self._format.notations if time.format.is_number for path in paths}


def _without_empty(text: str, key: str) -> str:
    """Return the SQL that removes `"key":{}`, which a merge patch leaves of an object that it empties."""
    name = pattern_of(key)
    first = f"""regexp_replace({text}, {literal(f'([{{]"{name}":[{{][}}],?)')}, '{{', 'g')"""
    return f"""regexp_replace({first}, {literal(f',"{name}":[{{][}}]')}, '', 'g')"""
