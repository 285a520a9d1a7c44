"""Reads a file again to say why lines are skipped or superseded, because landing only counts them."""

from dataclasses import dataclass
from typing import Any

import yaml

from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.line_validation import LineValidation
from usage_pipeline.events.landing.reading_ahead import in_groups
from usage_pipeline.events.landing.rules import landing_sql, retention_of
from usage_pipeline.events.landing.verdicts import SKIPPED
from usage_pipeline.events.record import RECORD_NAMES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import named_rows
from usage_pipeline.storage.opened import Storage

_COLUMNS = ", ".join(f'lost."{name}"' for name in RECORD_NAMES if name != "landing_line")


@dataclass(frozen=True)
class SetAside:
    """A line, or an event of one, that is skipped or superseded."""

    landing_line: int
    landing_event: int
    verdict: str
    test: str | None
    """The test that skipped it, as in the format."""
    decided_by: tuple[int, int] | None
    """Line and event that count in the place of a superseded one."""
    record: dict[str, Any]
    """The columns of a superseded one that have a value; none of a skipped one, which is no event."""


@dataclass(frozen=True)
class ReadAgain:
    """What was read, and the digest of the file's content."""

    content_digest: str
    lines: list[SetAside]


def read_set_aside(storage: Storage, landing: FileLanding, line: int | None = None) -> ReadAgain:
    """Validate a file again, and return its skipped and superseded lines, or those of one line.

    Raises UnreadableFileError if it cannot be read whole.
    """
    (group,) = in_groups([landing])
    for _, error in group.failed:
        raise error
    # By the rules alone: what became of a line does not change when its record is pruned.
    validation = LineValidation(storage, retention_of([landing.rules]), group.files)
    with validation.staged() as duck:
        query = landing_sql("set_aside_lines").format(columns=_COLUMNS)
        rows = named_rows(duck.execute(query, {"line": line}))
    found = [_set_aside(landing.source_format, row) for row in rows]
    return ReadAgain(group.files[0].reader.digest, found)


def set_aside_of(storage: Storage, landing: FileLanding, tenant: str, member: str | None) -> list[int]:
    """Return the numbers of the skipped and superseded lines of a tenant, or of a member of it.

    Raises UnreadableFileError if the file cannot be read whole.
    """
    (group,) = in_groups([landing])
    for _, error in group.failed:
        raise error
    names = {"tenant_id": tenant, **({} if member is None else {"member_id": member})}
    where = " AND ".join(f"trim({name}) = ${name}" for name in names)
    with LineValidation(storage, retention_of([landing.rules]), group.files).staged() as duck:
        query = f"SELECT DISTINCT line FROM validated WHERE reason IN ('skipped', 'superseded') AND {where}"
        return [line for (line,) in duck.execute(query, names).fetchall()]


def _set_aside(source_format: SourceFormat, row: dict[str, Any]) -> SetAside:
    number, line, event = (row.pop(name) for name in ("skipped_by", "decided_by_line", "decided_by_event"))
    place = (row["landing_line"], row["landing_event"])
    verdict = row.pop("verdict")
    if verdict == SKIPPED:
        return SetAside(*place, verdict, _test(source_format, number), None, {})
    record = {name: value for name, value in row.items() if value is not None}
    return SetAside(*place, verdict, None, (line, event), record)


def _test(source_format: SourceFormat, number: int) -> str:
    """Return a test of `skip` as in the format; number 0 is `each`."""
    if not number:
        return f"each: no event at {source_format.each}"
    test = source_format.skip[number - 1].model_dump(mode="json", by_alias=True, exclude_unset=True)
    return f"skip: {yaml.safe_dump(test, default_flow_style=True, sort_keys=False, width=1000).strip()}"
