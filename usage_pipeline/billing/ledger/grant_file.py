"""A grant as people write it, in `grants.yaml` or as options of a command, and what is allowed in it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.tenants.models import quoted
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

GRANTS_FILE = "grants.yaml"
DEFAULT_PRIORITY = 50
DECIMALS = 12
_DIGITS = 24
"""Digits of an amount, at most, so that sums of amounts have less than 38."""


def _id(text: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,100}", text):
        raise ValueError("expected 1 to 100 letters, digits, dots, colons, - and _")
    return text


def _fine(amount: Decimal) -> Decimal:
    places = -int(amount.as_tuple().exponent)
    if not amount or places > DECIMALS or len(amount.as_tuple().digits) > _DIGITS or amount.adjusted() >= _DIGITS:
        raise ValueError(f"expected an amount other than 0, with at most {DECIMALS} decimals and {_DIGITS} digits")
    return amount


def _in_whole_seconds(instant: datetime) -> datetime:
    """Return the instant in UTC. Raises ValueError if it has no zone, or a fraction of a second."""
    with suppress(OverflowError):  # before the year 1, or after 9999
        if instant.tzinfo and not instant.microsecond:
            return instant.astimezone(UTC)
    raise ValueError("expected a time with its zone, in whole seconds, such as 2026-02-20T15:00:00Z")


Instant = Annotated[datetime, AfterValidator(_in_whole_seconds)]


class GrantEntry(BaseModel):
    """Credits that a tenant is granted, or that are taken from another grant of it (`lowers`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, AfterValidator(_id)]
    tenant: Annotated[str, Field(min_length=1)]
    kind: Literal["topup", "adjustment"]
    amount: Annotated[Decimal, BeforeValidator(quoted), AfterValidator(_fine)]
    effective_at: Instant
    expires_at: Instant | None = None
    priority: int = Field(DEFAULT_PRIORITY, ge=0, le=1_000_000)
    lowers: str | None = None
    reason: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _one_kind(self) -> "GrantEntry":
        if (self.amount < 0) != (self.lowers is not None):
            raise ValueError("an amount below 0 needs `lowers`, the id of the grant that it takes from")
        if self.lowers is not None and (self.kind != "adjustment" or self.expires_at is not None):
            raise ValueError("what lowers a grant is an adjustment, and does not expire")
        if self.expires_at is not None and self.expires_at <= self.effective_at:
            raise ValueError("expires_at is not after effective_at; it is the first instant without the grant")
        return self


@read_once
def read_grants(file: Path, text: str) -> tuple[GrantEntry, ...]:
    """Read the entries; none if there is no file. Raises ReferenceFileError, naming file, entry and key."""
    written = enumerate(parse_yaml_list(file, text, "id"), start=1)
    entries = tuple(
        parse_entry(GrantEntry, entry, f"{file}: {_name(entry, number)}", ReferenceFileError)
        for number, entry in written
    )
    _expect_unique(file, entries)
    return entries


def _name(entry: object, number: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return str(name or f"entry {number}")


def _expect_unique(file: Path, entries: Iterable[GrantEntry]) -> None:
    known: set[str] = set()
    for entry in entries:
        if entry.id in known:
            raise ReferenceFileError(f"{file}: {entry.id}: id: two entries have it; rename one.")
        known.add(entry.id)
