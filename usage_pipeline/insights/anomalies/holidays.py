"""Reads `holidays.yaml`: the days on which less use than usual is no surprise."""

from collections.abc import Collection, Iterable
from datetime import date
from itertools import combinations
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from usage_pipeline.clock import days_between, in_words
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import Name
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

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

    @field_validator("tenants")
    @classmethod
    def _some_tenants(cls, tenants: tuple[str, ...]) -> tuple[str, ...]:
        if not tenants:
            raise ValueError("expected at least one; leave the key out for all")
        return tenants

    @model_validator(mode="after")
    def _some_days(self) -> "Holiday":
        if not 0 <= ((self.to or self.day) - self.day).days < _MOST_DAYS:
            raise ValueError(f"to: expected a day after {self.day}, and {_MOST_DAYS} days at most")
        return self

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return days_between(self.day, self.to or self.day)

    def repeats(self, other: "Holiday") -> bool:
        """Return True if some tenant, or all, have the same days by the other entry."""
        is_of_same = not self.tenants or not other.tenants or set(self.tenants) & set(other.tenants)
        return bool(is_of_same) and self.days == other.days


@read_once
def read_holidays(file: Path, text: str) -> tuple[Holiday, ...]:
    """Read the entries; none if there is no file. Raises ReferenceFileError, naming file, entry and key."""
    written = enumerate(parse_yaml_list(file, text, "day"), start=1)
    found = tuple(
        parse_entry(Holiday, entry, f"{file}: {_name(entry, number)}", ReferenceFileError)
        for number, entry in written
    )
    for earlier, later in combinations(found, 2):
        if later.repeats(earlier):
            raise ReferenceFileError(
                f"{file}: {later.name}: {in_words(later.days)} is the entry {earlier.name} already, of the same "
                "tenants. Remove one of the two."
            )
    return found


def unknown_tenants(holidays: Iterable[Holiday], billed: Collection[str]) -> list[str]:
    """Say of each tenant of an entry that nobody knows what is wrong with it: most likely it is a typing error."""
    # Definitions load this module, and it imports SQLAlchemy.
    from usage_pipeline.billing.billed_tenants import why_not_billed  # noqa: PLC0415 - slow to import

    named = sorted({tenant for entry in holidays for tenant in entry.tenants})
    reasons = (why_not_billed(tenant, billed) for tenant in named)
    return [f"{HOLIDAYS_FILE}: {why}" for why in reasons if why]


def holidays_of(holidays: Iterable[Holiday], tenant_id: str | None) -> frozenset[date]:
    """Return the holidays of a tenant; of all tenants together those that all have."""
    return frozenset(
        day for entry in holidays if not entry.tenants or tenant_id in entry.tenants for day in entry.days
    )


def _name(entry: object, number: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return str(name or f"entry {number}")
