"""A recommendation: what is found of a tenant, and all that it takes to check it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]

UNUSED_DAYS = 30
"""Days without use after which something is unused, unless another number is asked for."""


@dataclass(frozen=True)
class Recommendation:
    """What is recommended to a tenant as of a day, by one kind."""

    kind: str
    tenant_id: str
    as_of: date
    """The last day that it is about."""
    title: str
    text: str
    """A sentence or two. Each number in it is one of the rows that `sql` yields."""
    evidence: tuple[Row, ...]
    """The first rows, the most important ones first."""
    rows: int
    """How many rows there are."""
    saving_usd: Decimal | None
    """What would have been paid less over `saving_per`; null where no cost is known that would be saved."""
    saving_credits: Decimal | None
    saving_per: str | None
    """The time that a saving is for, such as `28 days`; null of kinds without a saving."""
    names_members: bool
    """Whether the evidence has ids of members."""
    sql: str
    """A SELECT for DuckDB, with all parameters in it. It reads paths relative to the data directory."""

    @property
    def savings(self) -> Mapping[str, Decimal | None]:
        """What it would save, by name."""
        return {"saving_usd": self.saving_usd, "saving_credits": self.saving_credits}
