"""Options that several commands share."""

import os
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.errors import QueryError

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings

RECENT_DAYS = 90


class OutputFormat(StrEnum):
    """How a command prints what it found."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _use_data_dir(path: Path | None) -> Path | None:
    # Into the environment, because Dagster's instance and the processes it starts read it there.
    if path is not None:
        os.environ["USAGE_DATA_DIR"] = str(path.absolute())
    return path


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data directory instead of USAGE_DATA_DIR.", callback=_use_data_dir),
]
By = Annotated[str | None, typer.Option(help="By whom; the name of the user without it.")]
Format = Annotated[OutputFormat, typer.Option("--format", help="How to print it.")]
From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, included.")]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]


def load_settings(_: Path | None) -> "Settings":
    """The settings, after --data-dir has had its say."""
    from usage_pipeline.settings import Settings

    return Settings.load()


def words(text: str) -> tuple[str, ...]:
    """The words of a comma-separated option."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def day_range(first: datetime | None, last: datetime | None, *, default: tuple[date, date]) -> tuple[date, date]:
    """The asked range of days, with the default's ends where none is given."""
    if first and last and first > last:
        raise typer.BadParameter(f"--from {first.date()} is after --to {last.date()}")
    start = first.date() if first else min(default[0], last.date() if last else default[0])
    return start, last.date() if last else max(default[1], start)


def last_days(settings: "Settings") -> tuple[date, date]:
    """The last 90 days, today included."""
    today = settings.clock.today
    return today - timedelta(days=RECENT_DAYS - 1), today


def condition(text: str) -> tuple[str, str]:
    """The dimension and the value of a --where."""
    name, separator, value = text.partition("=")
    if not separator:
        raise QueryError(f"--where {text!r}: expected dimension=value, such as model=gpt-4o.")
    return name.strip(), value
