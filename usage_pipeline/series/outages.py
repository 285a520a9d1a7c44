"""Puts null in the place of what is missing: an outage is null, not zero and not left out."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Slot = TypeVar("Slot", bound=Hashable)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Width:
    """How many groups and how many metrics a row has behind its slot of time."""

    groups: int
    metrics: int


def with_outages(
    slots: Iterable[Slot], missing: Collection[Slot], found: Iterable[Sequence[Any]], width: Width
) -> list[Row]:
    """The rows found (slot, groups, metrics) in the order of the slots, with nulls for missing slots.

    A missing slot has one row, of nulls, whatever was found there. Any other has the rows that were found;
    without groups that is one row in any case, of zeros where nothing was found.
    """
    rows = defaultdict[Slot, list[Row]](list)
    for slot, *values in found:
        rows[slot].append((slot, *values))

    def rows_of(slot: Slot) -> list[Row]:
        if slot in missing:
            return [(slot, *(None,) * (width.groups + width.metrics))]
        zeros = (slot, *(0,) * width.metrics)
        return rows.get(slot) or ([] if width.groups else [zeros])

    return [row for slot in slots for row in rows_of(slot)]
