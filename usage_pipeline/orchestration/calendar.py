"""The first day of Dagster's calendar: the first day with data, unless a setting says an earlier one.

A calendar that began years before would show every asset as nearly empty. Definitions load without the database,
so landing notes the first day in a file; landing days that wait are seen by the names of their folders. Dagster
reads the calendar when it loads definitions: after history has landed they are loaded again.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from usage_pipeline.settings import Settings


def first_day(settings: Settings) -> date:
    """Return the first day of the calendar: of the setting if it is set, else with data, else today."""
    if "first_day" in settings.model_fields_set:
        return settings.first_day
    days = {*_days_named(settings.landing.glob("*/*")), *_noted(settings)}
    today = settings.clock.today
    return min((day for day in days if settings.first_day <= day <= today), default=today)


def note_first_day(settings: Settings, day: date) -> None:
    """Note the first day with data for the processes that load definitions."""
    if list(_noted(settings)) != [day]:
        note = _note(settings)
        note.parent.mkdir(parents=True, exist_ok=True)
        unfinished = note.with_name(f".{note.name}.{os.getpid()}")
        unfinished.write_text(day.isoformat())
        unfinished.replace(note)


def _note(settings: Settings) -> Path:
    return settings.dagster_dir / "first_day"


def _noted(settings: Settings) -> Iterator[date]:
    with suppress(FileNotFoundError, ValueError):
        yield date.fromisoformat(_note(settings).read_text())


def _days_named(folders: Iterator[Path]) -> Iterator[date]:
    for folder in folders:
        with suppress(ValueError):
            yield date.fromisoformat(folder.name)
