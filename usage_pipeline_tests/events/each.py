"""Many cases of one line in one landing: each is a file of its own, and what became of each is told apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline_tests.support import Landing, rows

DAY = date(2026, 5, 1)
Line = Mapping[str, Any] | str
CALLS: dict[str, Any] = {
    "description": "Calls.",
    "format": "jsonl",
    "identity": ["$.id"],
    "type": {"constant": "request"},
    "times": {"occurred_at": {"field": "$.at", "format": "iso"}},
}
"""The least format of calls, to which tests add keys."""


@dataclass(frozen=True)
class Became:
    """What a line became: a row of `landed_events`, or one of `rejected_lines`."""

    row: dict[str, Any] | None
    reject: dict[str, Any] | None

    @property
    def rejected(self) -> tuple[int, str] | None:
        """Line and reason, if it was rejected."""
        return self.reject and (self.reject["landing_line"], self.reject["reason"])

    def __getitem__(self, column: str) -> Any:
        """A column of the row."""
        assert self.row is not None, self.rejected
        return self.row[column]


def landed_each(storage: Storage, source: str, lines: Mapping[str, Line], tenant: str | None) -> dict[str, Became]:
    """Land each line in a file of this tenant's folder, and say by its name what became of it."""
    landing = Landing(storage.settings.landing)
    names = {}
    for number, (name, line) in enumerate(lines.items()):
        content = f"{line if isinstance(line, str) else json.dumps(line)}\n".encode()
        path = landing.write_bytes(source, str(DAY), content, tenant=tenant, name=f"{number:04}.jsonl")
        names[path.relative_to(landing.root).as_posix()] = name
    land_days(storage, [DAY], "test")
    accepted, rejected = (_by_file(storage, table) for table in (LANDED_EVENTS, REJECTED_LINES))
    assert sorted([*accepted, *rejected]) == sorted(names)  # each is one of the two
    return {name: Became(accepted.get(path), rejected.get(path)) for path, name in names.items()}


def _by_file(storage: Storage, table: TableSpec) -> dict[str, dict[str, Any]]:
    """The row of each file in this table, which must be one."""
    found = [dict(zip(table.column_names, row, strict=True)) for row in rows(storage, table, *table.column_names)]
    by_file = {row["landing_file"]: row for row in found}
    assert len(by_file) == len(found)
    return by_file
