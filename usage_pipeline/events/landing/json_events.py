"""Divides the documents of lines into events, in SQL: a row for each element of the lists that `each` leads to.

A line without an event, and one that cannot be read, stays one row. What should be a list and is none becomes an
event without a document, which is rejected. Values of what the events lie in are carried along, and not what they
lie in: a line may have a thousand events, and would be copied for each.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from usage_pipeline.events.format_paths import EACH_STEP, LINE
from usage_pipeline.events.landing.json_paths import searched_list
from usage_pipeline.storage.engine import list_literal, literal


class JsonEvents:
    """The division by the path `each`, and the columns with values of what the events lie in."""

    def __init__(self, each: str, paths: Iterable[str]) -> None:
        """Take `each` and the paths that begin with `$line`."""
        self._steps = re.findall(EACH_STEP, each)
        sources = sorted({_source(path) for path in paths})
        self._columns = {source: f"around_{number}" for number, source in enumerate(sources)}

    def column(self, path: str) -> str:
        """Return the column with the JSON at a path that begins with `$line`; of a searched list, the list."""
        return self._columns[_source(path)]

    def select(self, documents: str) -> str:
        """Return the SELECT of events: `exact` is one, `landing_event` its number, and `raw` its text."""
        divided = f"SELECT *, {self._events('exact', {}, 0)} AS events FROM (\n{documents}\n) AS whole_lines"
        unnested = (
            "SELECT *, unnest(CASE WHEN len(events) > 0 THEN events ELSE [NULL] END) AS event, "
            "unnest(range(1, greatest(coalesce(len(events), 0), 1) + 1)) AS landing_event "
            f"FROM (\n{divided}\n) AS divided"
        )
        document = "CAST(event.document AS VARCHAR)"
        no_list = "event IS NOT NULL AND event.document IS NULL"
        no_object = f"NOT starts_with({document}, '{{')"
        faults = f"WHEN {no_list} THEN 'not_a_list' WHEN {no_object} THEN 'not_an_object'"
        nowhere = f"CASE WHEN event IS NOT NULL THEN false WHEN line_fault IS NULL THEN {self._nowhere()} END"
        columns = [
            f"coalesce({document}, raw) AS raw",
            f"CASE {faults} ELSE line_fault END AS line_fault",
            f"CASE WHEN starts_with({document}, '{{') THEN {document} END AS exact",
            "event IS NULL AND line_fault IS NULL AS without_event",
            f"{nowhere} AS nowhere",
            *self._around(),
        ]
        return (
            f"SELECT * EXCLUDE (raw, line_fault, exact, events), {', '.join(columns)} FROM (\n{unnested}\n) AS e"
        )

    def _nowhere(self) -> str:
        """Return the SQL that tests a line without events for lists that are there, and empty or null."""
        first, *further = ("[*]".join(self._steps[: depth + 1]) for depth in range(len(self._steps)))
        found = [f"[json_extract(exact, {literal(f'${first}')})]"]
        found += [f"json_extract(exact, {literal(f'${path}')})" for path in further]
        empty = list_literal(["[]", "null", '""'])
        return " AND ".join(f"NOT list_has_any(CAST({values} AS VARCHAR[]), {empty})" for values in found)

    def _events(self, document: str, carried: Mapping[str, str], depth: int) -> str:
        """Return the SQL of the list of events within a document, each with what it carries along."""
        element = f"element_{depth}"
        fields = {"document": element, **carried, **self._values(element, depth + 1)}
        pairs = ", ".join(f"'{name}': {value}" for name, value in fields.items())
        elements = f"list_transform({self._elements(document, depth)}, lambda {element}: {{{pairs}}})"
        if depth + 1 == len(self._steps):
            return elements
        outer = f"outer_{depth}"
        inner_carried = {name: f"{outer}.{name}" for name in fields if name != "document"}
        inner = self._events(f"{outer}.document", inner_carried, depth + 1)
        return f"flatten(list_transform({elements}, lambda {outer}: {inner}))"

    def _elements(self, document: str, depth: int) -> str:
        """Return the SQL of the elements of a list; of what is there and is no list, one that is null."""
        found, path = f"found_{depth}", f"${self._steps[depth]}"
        no_list = (
            f"json_type({document}, {literal(path)}) <> 'ARRAY' "
            f"AND json_extract_string({document}, {literal(path)}) <> ''"
        )
        if depth:
            no_list = f"{document} IS NULL OR {no_list}"  # the list around it was none
        # The lambda names the elements, so that they are taken out once.
        cases = f"CASE WHEN len({found}) > 0 THEN {found} WHEN {no_list} THEN [NULL] ELSE {found} END"
        elements = f"json_extract({document}, {literal(f'{path}[*]')})"
        return f"list_transform([{elements}], lambda {found}: {cases})[1]"

    def _values(self, element: str, depth: int) -> dict[str, str]:
        return {
            name: f"json_extract({element}, {literal(path)})"
            for (found, path), name in self._columns.items()
            if found == depth
        }

    def _around(self) -> Iterator[str]:
        for (depth, path), name in self._columns.items():
            yield f"{f'event.{name}' if depth else f'json_extract(exact, {literal(path)})'} AS {name}"


def _source(path: str) -> tuple[int, str]:
    """Return in how many lists a value around the events lies, and its path in the innermost element."""
    *outer, within = (searched_list(path) or path).removeprefix(LINE).split("[*]")
    return len(outer), f"${within}"
