"""Short ways to ask what became of the lines of one source."""

import json
from datetime import date
from typing import Any

from usage_pipeline.events.record import CONTENT, FACTS, TEXTS
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import files, rows

DIGESTS = {"prompt_digest", "content_digest"}
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))


def line_counts(storage: Storage, source: str) -> tuple[str, int, int, int]:
    """State of the source's sample file, and its lines: all, accepted, rejected."""
    file = files(storage)[f"{source}.jsonl"]
    return file.state.value, file.lines, file.accepted, file.rejected


def records(storage: Storage, source: str) -> dict[str, dict[str, Any]]:
    """The filled columns of every record, by its id; `meta` as an object, digests left out."""
    names = [column.name for column in FACTS if column.name not in DIGESTS]
    found = {}
    for of, record_id, *values in rows(storage, USAGE_RECORDS.spec, "source", "record_id", *names):
        if of == source:
            found[record_id] = {
                name: value for name, value in zip(names, values, strict=True) if value is not None
            }
    return {record_id: {**facts, **_parsed(facts)} for record_id, facts in found.items()}


def _parsed(facts: dict[str, Any]) -> dict[str, Any]:
    return {"meta": json.loads(facts["meta"])} if "meta" in facts else {}


def digested(storage: Storage, source: str) -> dict[str, tuple[bool, bool]]:
    """By record id, whether it has a digest of its prompt, and of all its texts."""
    names = ("source", "record_id", "prompt_digest", "content_digest")
    return {
        record_id: (prompt is not None, content is not None)
        for of, record_id, prompt, content in rows(storage, USAGE_RECORDS.spec, *names)
        if of == source
    }


def texts(storage: Storage, source: str) -> list[tuple[int, dict[str, str]]]:
    """The filled columns of every row of `content`, with the number of its line."""
    names = [column.name for column in TEXTS]
    return [
        (line, {name: value for name, value in zip(names, values, strict=True) if value is not None})
        for line, of, *values in rows(storage, CONTENT, "landing_line", "source", *names)
        if of == source
    ]


def usage(storage: Storage, source: str, *metrics: str, group_by: str) -> list[tuple[Any, ...]]:
    """These metrics of February, by one dimension."""
    query = UsageQuery(*FEBRUARY, group_by=(group_by,), where=(("source", source),), metrics=metrics)
    return [tuple(row.values()) for row in read(storage, query).rows]
