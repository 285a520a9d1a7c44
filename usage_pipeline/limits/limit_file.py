"""Reads `limits.yaml`: how much may be used, by whom, in which period, and what happens then."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.costs.book.price_entry import Minute
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limited import LIMITED_METRICS
from usage_pipeline.limits.periods import MOST_ROLLING_DAYS, Period, PeriodKind
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.tenants.models import quoted
from usage_pipeline.words import did_you_mean
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

LIMITS_FILE = "limits.yaml"
EACH = "*"
"""Stands for each tenant, or for each value of a dimension: every one has the amount for itself."""


_DECIMALS, _DIGITS = 12, 24
_MOST_PERCENT = 1_000


def _amount(amount: Decimal) -> Decimal:
    places = -int(amount.as_tuple().exponent)
    if (
        amount <= 0
        or places > _DECIMALS
        or len(amount.as_tuple().digits) > _DIGITS
        or amount.adjusted() >= _DIGITS
    ):
        raise ValueError(f"expected an amount above 0, with at most {_DECIMALS} decimals and {_DIGITS} digits")
    return amount


def _metric(name: str) -> str:
    if name not in LIMITED_METRICS:
        meant = did_you_mean(name, LIMITED_METRICS) or f"expected one of {', '.join(LIMITED_METRICS)}"
        raise ValueError(f"there is no metric {name!r}; {meant}")
    return name


def _period(value: object) -> Period:
    match value:
        case "day" | "week" | "month" | "billing":
            return Period(PeriodKind(value))
        case {"rolling_days": int(days), **others} if not others and 0 < days <= MOST_ROLLING_DAYS:
            return Period(PeriodKind.ROLLING, days)
        case _:
            raise ValueError(
                "expected day, week, month, billing or {rolling_days: N} with N from 1 to "
                f"{MOST_ROLLING_DAYS}, found {value!r}"
            )


def _thresholds(percents: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(percents)) < len(percents) or not all(0 < percent <= _MOST_PERCENT for percent in percents):
        raise ValueError(f"expected different percents, whole numbers from 1 to {_MOST_PERCENT}")
    return tuple(sorted(percents))


Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(_Part):
    """Whose usage counts: a value of a dimension, or each; without any, all usage of the tenant."""

    member_id: Name | None = None
    project: Name | None = None
    model: Name | None = None

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What is written, by dimension."""
        return {name: value for name, value in self if value is not None}


class QuietHours(_Part):
    """The time of day, in the tenant's zone, at which nobody is told; in minutes since midnight."""

    from_: Minute = Field(alias="from")
    to: Minute

    @model_validator(mode="after")
    def _some_time(self) -> "QuietHours":
        if self.from_ == self.to:
            raise ValueError("from and to are the same time; correct one of them")
        return self


class Limit(_Part):
    """One entry: a limit from a day on. Entries with one id are its versions."""

    id: Name
    tenant: Name
    scope: Scope = Scope()
    metric: Annotated[str, AfterValidator(_metric)]
    period: Annotated[Period, PlainValidator(_period)]
    amount: Annotated[Decimal, BeforeValidator(quoted), AfterValidator(_amount)]
    thresholds: Annotated[tuple[int, ...], Field(min_length=1), AfterValidator(_thresholds)] = (50, 80, 100)
    action: Literal["alert", "block"] = "alert"
    channels: tuple[Name, ...] = ()
    quiet_hours: QuietHours | None = None
    from_: date = Field(date.min, alias="from")

    @cached_property
    def version(self) -> str:
        """Changes with what is measured, and not with what happens then."""
        # The scope is in it twice: alerts that were raised keep the version that they have.
        scope = [(name, getattr(self.scope, name)) for name in (*Scope.model_fields, "values")]
        return fingerprint([self.tenant, *scope, self.metric, self.period, self.amount.normalize()])

    @cached_property
    def levels(self) -> Mapping[int, Decimal]:
        """What is used when a threshold is reached, by threshold."""
        with exact():
            return {percent: percent * self.amount / 100 for percent in self.thresholds}


@read_once
def read_limits(file: Path, text: str) -> tuple[Limit, ...]:
    """Read the entries in their order; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    written = enumerate(parse_yaml_list(file, text, "id"), start=1)
    places = [(entry, f"{file}: {_name(entry, number)}") for number, entry in written]
    limits = tuple(parse_entry(Limit, entry, place, ReferenceFileError) for entry, place in places)
    _expect_versions(file, limits)
    return limits


def in_force(limits: Iterable[Limit], day: date) -> list[Limit]:
    """Return the limits of a day: of each id the last version that has begun, in the order of the file."""
    found: dict[str, Limit] = {}
    for limit in limits:
        known = found.get(limit.id)
        if limit.from_ <= day and (known is None or known.from_ < limit.from_):
            found[limit.id] = limit
    return list(found.values())


def _name(entry: object, number: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    first = entry.get("from") if isinstance(entry, dict) else None
    return f"{name or f'entry {number}'}{f' from {first}' if name and first else ''}"


def _expect_versions(file: Path, limits: Iterable[Limit]) -> None:
    """Raise ReferenceFileError where entries with one id are no versions of one limit."""
    known: dict[str, dict[date, Limit]] = {}
    for limit in limits:
        versions = known.setdefault(limit.id, {})
        if limit.from_ in versions:
            raise ReferenceFileError(f"{file}: {limit.id}: from: two entries with this id begin on the same day.")
        if any(_subject(other) != _subject(limit) for other in versions.values()):
            raise ReferenceFileError(
                f"{file}: {limit.id}: entries with one id are versions of one limit, and these differ in what "
                "they limit; give this one another id, or the same tenant, scope and metric."
            )
        versions[limit.from_] = limit


def _subject(limit: Limit) -> tuple[str, Scope, str]:
    return limit.tenant, limit.scope, limit.metric
