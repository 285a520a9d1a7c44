"""Reads `credit_rates.yaml`: what operations cost in credits, by date."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.events.catalogue import find, load_catalogue
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.tenants.models import Amount
from usage_pipeline.words import did_you_mean
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

CREDIT_RATES_FILE = "credit_rates.yaml"
DEFAULT_GROUP = "default"
"""The group of the models that no other group has."""

_MOST_DECIMALS, _MOST_DIGITS = 6, 15


def _fine(amount: Decimal) -> Decimal:
    if -int(amount.as_tuple().exponent) > _MOST_DECIMALS or amount.adjusted() >= _MOST_DIGITS - _MOST_DECIMALS:
        raise ValueError("expected at most 6 decimals, and less than a thousand million")
    return amount


Rate = Annotated[Amount, AfterValidator(_fine)]
"""Few enough decimals that the credits of an operation are exact before they are rounded."""
Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperationRates(_Part):
    """What one operation of a type costs in credits; what is left out costs nothing."""

    base: Rate = Decimal(0)
    per_1k_tokens: dict[Name, Rate] = {}
    """By group of models, for input and output tokens together."""
    per_mb: Rate = Decimal(0)
    """For a million bytes."""
    per_tool_call: Rate = Decimal(0)
    minimum: Rate | None = None
    """Instead of `minimum_per_operation`."""

    @model_validator(mode="after")
    def _has_default(self) -> "OperationRates":
        if self.per_1k_tokens and DEFAULT_GROUP not in self.per_1k_tokens:
            raise ValueError(f"per_1k_tokens needs a rate for {DEFAULT_GROUP}, the models of no other group")
        return self

    def per_1k_of(self, group: str) -> Decimal:
        """Return the rate of 1,000 tokens of a model of this group."""
        return self.per_1k_tokens.get(group, self.per_1k_tokens.get(DEFAULT_GROUP, Decimal(0)))


_ANY = "*"
"""Stands for any text in a name."""


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, name.split(_ANY))), re.DOTALL)


class CreditRates(_Part):
    """One entry of the file: all rates from a day on, until the next entry begins."""

    from_: date = Field(alias="from")
    minimum_per_operation: Rate = Decimal(0)
    failed_operations: Literal["free", "charged"] = "free"
    """Whether an operation that failed without using tokens costs what others cost."""
    operations: dict[Name, OperationRates]
    model_groups: dict[Name, tuple[Name, ...]] = {}
    """Names of models as logged; `*` stands for any text. The first group with the name counts."""
    complexity: dict[Name, Rate] = {}
    """A factor on the credits of an operation, by feature."""

    @model_validator(mode="after")
    def _known_groups(self) -> "CreditRates":
        if DEFAULT_GROUP in self.model_groups:
            raise ValueError(f"model_groups: {DEFAULT_GROUP} has the models of no other group; remove it")
        for name, rates in self.operations.items():
            for group in rates.per_1k_tokens:
                if group not in {DEFAULT_GROUP, *self.model_groups}:
                    raise ValueError(
                        f"operations.{name}.per_1k_tokens: there is no group {group!r}; expected {DEFAULT_GROUP} "
                        f"or one of model_groups: {sorted(self.model_groups)}"
                    )
        return self

    def operation_of(self, event_type: str) -> OperationRates | None:
        """Return the rates of a type: its own, else those of a pattern that it matches."""
        patterns = (name for name in self.operations if _ANY in name and _pattern(name).fullmatch(event_type))
        return self.operations.get(event_type) or self.operations.get(next(patterns, event_type))

    def group_of(self, model: str) -> str:
        """Return the first group that has the name of a model as logged."""
        groups = self.model_groups.items()
        found = (group for group, names in groups if any(_pattern(name).fullmatch(model) for name in names))
        return next(found, DEFAULT_GROUP)

    @cached_property
    def document(self) -> str:
        """The rates as JSON, as the warehouse stores them. What is not written in the file is left out."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    @cached_property
    def version(self) -> str:
        """The digest of the document."""
        return fingerprint([self.document])


NO_RATES = CreditRates.model_validate({"from": date.min, "operations": {}})
"""In force before the first entry, and without a file."""


@read_once
def read_rates(file: Path, text: str) -> tuple[CreditRates, ...]:
    """Read the entries, the earliest first; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    written = enumerate(parse_yaml_list(file, text, "from"), start=1)
    places = [(entry, f"{file}: {_name(entry, number)}") for number, entry in written]
    entries = [parse_entry(CreditRates, entry, place, ReferenceFileError) for entry, place in places]
    _expect_one_a_day(file, entries)
    _expect_types(zip((place for _, place in places), entries, strict=True))
    return tuple(sorted(entries, key=lambda entry: entry.from_))


def rates_on(entries: Iterable[CreditRates], day: date) -> CreditRates:
    """Return the entry in force on a day: the last one that has begun."""
    begun = [entry for entry in entries if entry.from_ <= day]
    return max(begun, key=lambda entry: entry.from_, default=NO_RATES)


def _name(entry: object, number: int) -> str:
    first = entry.get("from") if isinstance(entry, dict) else None
    return f"from {first}" if first else f"entry {number}"


def _expect_types(entries: Iterable[tuple[str, CreditRates]]) -> None:
    """Raise ReferenceFileError for operations that are no type of the catalogue: no record would have their rates.

    A pattern has to be one of the catalogue, so that a type matches at most one. The file is judged, not what is
    kept of it: a type that is gone from the catalogue keeps the rates of its days.
    """
    wrong = [
        f"{place}: operations.{name}: expected a type of the event catalogue, found {name!r}"
        + (f"; {meant}" if (meant := did_you_mean(name, load_catalogue())) else ".")
        for place, entry in entries
        for name in entry.operations
        if find(name) is None or (_ANY in name and name not in load_catalogue())
    ]
    if wrong:
        raise ReferenceFileError("\n".join(wrong))


def _expect_one_a_day(file: Path, entries: Iterable[CreditRates]) -> None:
    for first, count in Counter(entry.from_ for entry in entries).items():
        if count > 1:
            raise ReferenceFileError(f"{file}: from {first}: {count} entries begin on this day; keep one of them.")
