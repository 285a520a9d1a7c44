"""What a line becomes, and which of the lines of a file with one id counts, in plain Python."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from usage_pipeline_tests.events.landing.oracle_lines import Verdict

Compared = Decimal | datetime | int | None
"""The number or time by which `greatest of` compares lines, if the line has it."""


@dataclass(frozen=True)
class Record:
    """The columns by which two readings of a line are compared."""

    record_id: str
    type: str
    tenant_id: str
    occurred_at: datetime
    tokens: tuple[int | None, ...]
    """In, cached, cache write, out, reasoning, total."""
    messages: int
    status: str | None
    model: str | None
    compared: Compared = None


@dataclass(frozen=True)
class Validated:
    """A physical line or an event of it, and for an accepted one its record."""

    number: int
    verdict: Verdict
    reason: str | None = None
    record: Record | None = None
    event: int = 1


def without_repeats(lines: Iterable[Validated], repeats: str | None) -> list[Validated]:
    """Leave one accepted line of each id, with the time of the first; the others are superseded."""
    found = list(lines)
    if repeats is None:
        return found
    places: dict[tuple[str, str], list[int]] = {}
    for place, line in enumerate(found):
        if line.record:
            places.setdefault((line.record.tenant_id, line.record.record_id), []).append(place)
    for same in places.values():
        _keep_one(found, same, repeats)
    return found


def _keep_one(lines: list[Validated], same: Sequence[int], repeats: str) -> None:
    records = [_record(lines[place]) for place in same]
    chosen = _chosen(records, repeats)
    for place in same:
        lines[place] = replace(lines[place], verdict=Verdict.SUPERSEDED, record=None)
    kept = replace(records[chosen], occurred_at=records[0].occurred_at)
    lines[same[chosen]] = replace(lines[same[chosen]], verdict=Verdict.ACCEPTED, record=kept)


def _record(line: Validated) -> Record:
    assert line.record
    return line.record


def _chosen(records: Sequence[Record], repeats: str) -> int:
    if repeats == "first":
        return 0
    chosen = 0
    for number, record in enumerate(records):
        if repeats == "last" or not _is_greater(records[chosen].compared, record.compared):
            chosen = number
    return chosen


def _is_greater(one: Compared, other: Compared) -> bool:
    """Whether `one` is there, and the other is not or is less."""
    if one is None or other is None:
        return one is not None
    return one > other  # type: ignore[operator]  # both are of one column
