"""Cleans up all that piles up and is no data, and measures the places before and after."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from usage_pipeline.orchestration.run_history import DATABASE, OUTPUT, OUTPUT_FOLDER, old_history, open_database
from usage_pipeline.retention.housekeeping import (
    TEMPORARIES,
    WAREHOUSE,
    Leftovers,
    Tally,
    database_size,
    old_rows,
    size,
    tables_with_dead_rows,
    temporaries,
    vacuum,
)
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import SCHEMA

_FOLDERS = {**{place: place for place in ("landing", *TEMPORARIES, "reports")}, OUTPUT: OUTPUT_FOLDER}


@dataclass(frozen=True)
class Cleaned:
    """What of one kind goes from a place, and the bytes of all that the place holds."""

    place: str
    kind: str | None
    """What one of those that go is; None where nothing ever goes."""
    removed: int
    removed_bytes: int
    bytes_before: int
    bytes_after: int | None
    """None as long as nothing was removed."""


def look(storage: Storage) -> list[Cleaned]:
    """Find what a clean-up would remove. Removes nothing."""
    with open_database(storage.settings) as dagster:
        going = [(one, one.count()) for one in _leftovers(storage, dagster)]
        sizes = _sizes(storage, dagster)
    return _rows(sizes, going, {})


def clean_up(storage: Storage, tell: Callable[[int], None]) -> list[Cleaned]:
    """Remove what piles up and is no data, vacuum both databases, and return what went from each place.

    `tell` is called with the numbers that went meanwhile. What is gone stays gone after an interrupt.
    """
    with open_database(storage.settings) as dagster:
        before = _sizes(storage, dagster)
        gone = [(one, _remove(one, tell)) for one in _leftovers(storage, dagster)]
        vacuum(storage.warehouse, tables_with_dead_rows(storage.warehouse, SCHEMA))
        vacuum(dagster, tables_with_dead_rows(dagster))
        after = _sizes(storage, dagster)
    return _rows(before, gone, after)


def by_kind(cleaned: Iterable[Cleaned]) -> dict[str, int]:
    """Sum by kind how many go."""
    sums: defaultdict[str, int] = defaultdict(int)
    for row in cleaned:
        if row.kind is not None:
            sums[row.kind] += row.removed
    return dict(sums)


def _leftovers(storage: Storage, dagster: Engine) -> list[Leftovers]:
    return [*temporaries(storage), *old_rows(storage), *old_history(storage.settings, dagster)]


def _remove(leftovers: Leftovers, tell: Callable[[int], None]) -> Tally:
    total = Tally()
    for gone in leftovers.remove():
        total += gone
        tell(gone.number)
    return total


def _sizes(storage: Storage, dagster: Engine) -> dict[str, int]:
    """Return the bytes of each place; there are no reports before the first."""
    folders = {place: storage.settings.data_dir / folder for place, folder in _FOLDERS.items()}
    return {
        **{place: size(folder) for place, folder in folders.items() if place != "reports" or folder.exists()},
        WAREHOUSE: database_size(storage.warehouse),
        DATABASE: database_size(dagster),
    }


def _rows(
    before: Mapping[str, int], gone: Iterable[tuple[Leftovers, Tally]], after: Mapping[str, int]
) -> list[Cleaned]:
    """Return a row for each place and kind of what goes from it, and one where nothing does."""
    of_place: defaultdict[str, list[tuple[str | None, Tally]]] = defaultdict(list)
    for one, tally in gone:
        of_place[one.place].append((one.kind, tally))
    return [
        Cleaned(place, kind, tally.number, tally.bytes, held, after.get(place))
        for place, held in before.items()
        for kind, tally in of_place.get(place, [(None, Tally())])
    ]
