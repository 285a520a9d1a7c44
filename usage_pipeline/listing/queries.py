"""Which records a list has, and in which order. Nothing is read here, so a wrong question costs no database."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from usage_pipeline.errors import QueryError
from usage_pipeline.listing.columns import RELATED
from usage_pipeline.metrics.refusals import check_known

FILTERS: Mapping[str, str] = {"type": "type", **RELATED}
"""What lists are filtered by besides tenant, days and `meta`, and the column of records behind each name."""

Filters = tuple[tuple[str, tuple[str, ...]], ...]
"""Names, each with the values of which a record has to have one."""


class Order(StrEnum):
    """The order of a list: by time, then tenant, source and record id."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True)
class RecordQuery:
    """The records of a list. They pass every filter; of the values of one, they have any."""

    tenant_id: str | None = None
    """The tenant whose records they are; None for those of all."""
    filters: Filters = ()
    """By the names in `FILTERS`."""
    meta: Filters = ()
    """By the keys of `meta`, whose values are compared as texts."""
    first: date | None = None
    last: date | None = None
    """The first and the last event day, both included."""
    order: Order = Order.DESC

    def __post_init__(self) -> None:
        """Refuse unknown filters, filters without a value, what is no text, and days in the wrong order."""
        check_known("filter", (name for name, _ in self.filters), FILTERS)
        for name, values in (*self.filters, *self.meta):
            _check_texts(name, values)
        _check_texts("tenant", [self.tenant_id or "all"])
        if self.first and self.last and self.first > self.last:
            raise QueryError(f"{self.first} to {self.last}: the first day is after the last.")

    @cached_property
    def key(self) -> str:
        """What the list is known by, whatever the order in which its filters and their values are named."""
        filters = [sorted((name, sorted(set(values))) for name, values in of) for of in (self.filters, self.meta)]
        return json.dumps([self.tenant_id, *filters, str(self.first), str(self.last), self.order])


def _check_texts(name: str, values: Iterable[str]) -> None:
    if not (texts := list(values)):
        raise QueryError(f"{name}: expected at least one value to filter by.")
    for text in (name, *texts):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise QueryError(f"{name}: {text!r} is no text in Unicode; no record has it.") from None
