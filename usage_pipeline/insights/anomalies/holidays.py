"""Reads `holidays.yaml`: the days on which less use than usual is no surprise."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from usage_pipeline.clock import days_between
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import Name
from usage_pipeline.yaml_file import parse_entry, read_yaml_list

HOLIDAYS_FILE = "holidays.yaml"
_MOST_DAYS = 31


class Holiday(BaseModel):
    """One entry: a day, or the days up to another one, of all tenants or of some."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    to: date | None = None
    """The last day, if there are several."""
    name: Name
    tenants: tuple[Name, ...] = ()
    """Those who have it; all without them."""

    @model_validator(mode="after")
    def _some_days(self) -> "Holiday":
        if not 0 <= ((self.to or self.day) - self.day).days < _MOST_DAYS:
            raise ValueError(f"to: expected a day after {self.day}, and {_MOST_DAYS} days at most")
        return self

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return days_between(self.day, self.to or self.day)


def read_holidays(file: Path) -> tuple[Holiday, ...]:
    """Read the entries; none if there is no file. Raises ReferenceFileError, naming file, entry and key."""
    if not file.exists():
        return ()
    written = read_yaml_list(file, "day", ReferenceFileError)
    return tuple(
        parse_entry(Holiday, entry, f"{file}: {_name(entry, number)}", ReferenceFileError)
        for number, entry in enumerate(written, start=1)
    )


def holidays_of(holidays: Iterable[Holiday], tenant_id: str | None) -> frozenset[date]:
    """Return the holidays of a tenant; of all tenants together those that all have."""
    return frozenset(
        day for entry in holidays if not entry.tenants or tenant_id in entry.tenants for day in entry.days
    )


def _name(entry: object, number: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return str(name or f"entry {number}")
