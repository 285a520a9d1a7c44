"""Options that several commands share."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.clock import end_of
from usage_pipeline.errors import QueryError, SettingsError

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings

RECENT_DAYS = 90
ALL_DAYS = (date.min, date.max)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


class OutputFormat(StrEnum):
    """The format in which a command prints rows."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _use_data_dir(path: Path | None) -> Path | None:
    # Dagster's instance and the processes that it starts read the environment.
    if path is not None:
        os.environ["USAGE_DATA_DIR"] = str(path.absolute())
    return path


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data directory instead of USAGE_DATA_DIR.", callback=_use_data_dir),
]


def parse_id(text: str) -> str:
    """Read the id of a tenant or member. An empty one, as of a variable that is not set, means all or none."""
    if not text.strip():
        raise typer.BadParameter(f"expected an id, found {text!r}")
    return text


ID = "ID"
Tenant = Annotated[str, typer.Option("--tenant", parser=parse_id, metavar=ID, help="The tenant.")]
OneTenant = Annotated[
    str | None,
    typer.Option("--tenant", parser=parse_id, metavar=ID, help="One tenant; all together without it."),
]
By = Annotated[str | None, typer.Option(help="By whom; the name of the user without it.")]
Format = Annotated[OutputFormat, typer.Option("--format", help="How to print it.")]


_YEARS = range(1970, 2200)
"""Those of days and months: at the ends of the calendar no day is before or after, and days are listed singly."""
_IN_YEARS = f"of the years {_YEARS[0]} to {_YEARS[-1]}"


def parse_day(text: str) -> date:
    """Read a day."""
    with suppress(ValueError):
        if _DAY.fullmatch(text) and (day := date.fromisoformat(text)).year in _YEARS:
            return day
    raise typer.BadParameter(f"expected a day, YYYY-MM-DD, {_IN_YEARS}, found {text!r}")


def parse_month(text: str) -> date:
    """Read a month, as its first day."""
    with suppress(ValueError):
        if _MONTH.fullmatch(text) and int(text[:4]) in _YEARS:
            return date.fromisoformat(f"{text}-01")
    raise typer.BadParameter(f"expected a month, YYYY-MM, {_IN_YEARS}, found {text!r}")


def parse_instant(text: str) -> datetime:
    """Read an instant in whole seconds, in UTC; a day stands for its first instant. 9999-12-31 may mean never."""
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
        if found.tzinfo and not found.microsecond and (instant := found.astimezone(UTC)).year >= _YEARS[0]:
            return instant
    raise typer.BadParameter(
        "expected a day, YYYY-MM-DD, or a time with its zone, in whole seconds, such as 2026-02-20T15:00:00Z, "
        f"from {_YEARS[0]} on, found {text!r}"
    )


DAY = "YYYY-MM-DD"
INSTANT = "YYYY-MM-DD[THH:MM:SSZ]"
_FIRST = typer.Option("--from", parser=parse_day, metavar=DAY, help="First day, included.")
_LAST = typer.Option("--to", parser=parse_day, metavar=DAY, help="Last day, included.")
From = Annotated[date | None, _FIRST]
To = Annotated[date | None, _LAST]
FirstDay = Annotated[date, _FIRST]
LastDay = Annotated[date, _LAST]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="The numbers as published by the end of this day, by this time (2026-03-05T12:00:00Z), or in this "
        "version of each day (1: the first).",
    ),
]


def load_settings(_: Path | None) -> "Settings":
    """Load the settings. The callback of `--data-dir` has already changed the environment."""
    from usage_pipeline.settings import Settings

    return Settings.load()


def reading_settings(data_dir: Path | None) -> "Settings":
    """Load the settings of a command that needs data. Raises SettingsError if there is no data directory."""
    settings = load_settings(data_dir)
    if not settings.data_dir.exists():
        raise SettingsError(
            f"There is no data directory {settings.data_dir}. Name another with --data-dir or USAGE_DATA_DIR; "
            "`usage-pipeline run` creates it."
        )
    return settings


def expect_none(call: str, given: Mapping[str, object]) -> None:
    """Refuse options that an action does not have, because they would say something that is not done."""
    wrong = [name if name.isupper() else f"--{name}" for name, value in given.items() if value is not None]
    if wrong:
        raise typer.BadParameter(f"`{call}` takes no {' and no '.join(wrong)}")


def not_table(form: OutputFormat) -> OutputFormat | None:
    """Return the format if one was asked for that is not the default, for `expect_none`."""
    return None if form is OutputFormat.TABLE else form


def needed(option: str, value: str | None) -> str:
    """Return the value of an option that an action cannot do without."""
    if not value:
        raise typer.BadParameter(f"{option} is missing")
    return value


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated option."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def day_range(first: date | None, last: date | None, default: tuple[date, date] = ALL_DAYS) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, with the ends of the default for options that are not given."""
    if first and last and first > last:
        raise typer.BadParameter(f"--from {first} is after --to {last}")
    start = first or min(default[0], last or default[0])
    return start, last or max(default[1], start)


def recent_range(settings: "Settings", first: date | None, last: date | None) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, by default the last 90 days including today."""
    today = settings.clock.today
    return day_range(first, last, (today - timedelta(days=RECENT_DAYS - 1), today))


_LAST_VERSION = 2**31 - 1
"""The largest number that the database has for a version."""


def version(text: str | None) -> datetime | int | None:
    """The time or the version of an --as-of; a day stands for the last moment of it."""
    if text is None:
        return None
    with suppress(ValueError):
        if text.isdecimal() and (number := int(text)) <= _LAST_VERSION:
            return number
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.year in _YEARS and _DAY.fullmatch(text):
            return end_of(moment.date()) - timedelta(microseconds=1)
        if moment.year in _YEARS and moment.tzinfo:
            return moment
    raise QueryError(
        f"--as-of {text!r}: expected a day, a time with its zone, or a version, such as 1; days {_IN_YEARS}."
    )


def condition(text: str) -> tuple[str, str]:
    """Split a `--where` into dimension and value. Raises QueryError."""
    name, separator, value = text.partition("=")
    if not separator:
        raise QueryError(f"--where {text!r}: expected dimension=value, such as model=gpt-4o.")
    return name.strip(), value
