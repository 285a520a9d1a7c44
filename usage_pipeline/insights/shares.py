"""Which part of the whole each value of a dimension has, and how the parts shifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.breakdown import breakdown_of
from usage_pipeline.insights.estimates import from_fraction
from usage_pipeline.insights.measures import Measure
from usage_pipeline.insights.series import Number
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage

_PLACES = 2


@dataclass(frozen=True)
class ShareQuestion:
    """A measure of one tenant, or of all together, by a dimension, on the days from first to last."""

    measure: Measure
    dimension: str
    first: date
    last: date
    tenant_id: str | None = None


@dataclass(frozen=True)
class Share:
    """The part of a value, and the part that it had on as many days before."""

    value: str
    amount: Number | None
    """Null if nothing of it has a price or a rate."""
    percent: Decimal | None
    """Two decimals; null if there is nothing to be a part of."""
    before: Decimal | None
    """The percentage on as many days before."""

    @property
    def shift(self) -> Decimal | None:
        """What the percentage is more, in points."""
        return None if self.percent is None or self.before is None else self.percent - self.before


def read_shares(storage: Storage, question: ShareQuestion) -> list[Share]:
    """Return the parts of all values, largest first; values that are gone have none now.

    Raises QueryError for a ratio and for a dimension that the measure does not have, and PartitionError if the
    rows of a computed day are gone.
    """
    if not question.measure.is_sum:
        raise QueryError(f"{question.measure.name} has no shares; expected a sum, such as tokens_total.")
    length = question.last - question.first + timedelta(days=1)
    now = _amounts(storage, question, question.first, question.last)
    before = _amounts(storage, question, question.first - length, question.last - length)
    found = [
        Share(value, now.get(value, 0), _percent(now, value), _percent(before, value))
        for value in {**now, **before}
    ]
    return sorted(found, key=lambda share: (-(share.amount or 0), share.value))


def _amounts(storage: Storage, question: ShareQuestion, first: date, last: date) -> Mapping[str, Number | None]:
    asked = breakdown_of(question.measure)
    rows = read(storage, asked.query(first, last, (question.dimension,), question.tenant_id)).rows
    return {row[question.dimension]: asked.above(row) for row in rows}


def _percent(amounts: Mapping[str, Number | None], value: str) -> Decimal | None:
    whole = sum((Fraction(amount or 0) for amount in amounts.values()), Fraction(0))
    return from_fraction(100 * Fraction(amounts.get(value) or 0) / whole, _PLACES) if whole else None
