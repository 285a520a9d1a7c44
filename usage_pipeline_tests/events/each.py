"""Many cases of one line in one landing: each is a file of its own, and what became of each is told apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, rows

DAY = date(2026, 5, 1)
Line = Mapping[str, Any] | str


@dataclass(frozen=True)
class Became:
    """What a line became: a row of `landed_events`, or rejected for a reason."""

    row: dict[str, Any] | None
    rejected: tuple[int, str] | None

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
    columns = LANDED_EVENTS.column_names
    landed = [dict(zip(columns, row, strict=True)) for row in rows(storage, LANDED_EVENTS, *columns)]
    accepted = {names[row["landing_file"]]: row for row in landed}
    rejects = rows(storage, REJECTED_LINES, "landing_file", "landing_line", "reason")
    rejected = {names[path]: (line, reason) for path, line, reason in rejects}
    # One line is one of the two.
    assert sorted([*accepted, *rejected]) == sorted(lines)
    assert (len(landed), len(rejects)) == (len(accepted), len(rejected))
    return {name: Became(accepted.get(name), rejected.get(name)) for name in lines}
