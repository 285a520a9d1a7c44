"""Options that several commands share."""

import os
from contextlib import suppress
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.clock import end_of
from usage_pipeline.errors import QueryError

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings

RECENT_DAYS = 90
ALL_DAYS = (date.min, date.max)


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
OneTenant = Annotated[str | None, typer.Option("--tenant", help="One tenant; all together without it.")]
By = Annotated[str | None, typer.Option(help="By whom; the name of the user without it.")]
Format = Annotated[OutputFormat, typer.Option("--format", help="How to print it.")]
From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, included.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="The numbers as published by the end of this day, by this time (2026-03-05T12:00:00Z), or in this "
        "version of each day (1: the first).",
    ),
]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]


def load_settings(_: Path | None) -> "Settings":
    """Load the settings. The callback of `--data-dir` has already changed the environment."""
    from usage_pipeline.settings import Settings

    return Settings.load()


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated option."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def day_range(
    first: datetime | None, last: datetime | None, default: tuple[date, date] = ALL_DAYS
) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, with the ends of the default for options that are not given."""
    if first and last and first > last:
        raise typer.BadParameter(f"--from {first.date()} is after --to {last.date()}")
    start = first.date() if first else min(default[0], last.date() if last else default[0])
    return start, last.date() if last else max(default[1], start)


def recent_range(settings: "Settings", first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, by default the last 90 days including today."""
    today = settings.clock.today
    return day_range(first, last, (today - timedelta(days=RECENT_DAYS - 1), today))


def version(text: str | None) -> datetime | int | None:
    """The time or the version of an --as-of; a day stands for the last moment of it."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    with suppress(ValueError):
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day
        return end_of(day) - timedelta(microseconds=1)
    with suppress(ValueError):
        if (moment := datetime.fromisoformat(text)).tzinfo:
            return moment
    raise QueryError(f"--as-of {text!r}: expected a day, a time with its zone, or a version, such as 1.")


def condition(text: str) -> tuple[str, str]:
    """Split a `--where` into dimension and value. Raises QueryError."""
    name, separator, value = text.partition("=")
    if not separator:
        raise QueryError(f"--where {text!r}: expected dimension=value, such as model=gpt-4o.")
    return name.strip(), value
