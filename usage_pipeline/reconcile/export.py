"""An export of a provider: buckets of time, each with usage or costs by model."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from usage_pipeline.reconcile.fields import Part

ALL_MODELS = "(all)"
"""The model of costs that the provider does not break down."""

UNNAMED = "(none)"
"""The model of costs without a model, in an export that has costs by model."""


class Provider(StrEnum):
    """The providers whose exports can be read."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Measure(StrEnum):
    """The compared quantities: tokens by class, each token in exactly one, or an amount."""

    INPUT = "input"
    """Without cached and cache-write tokens."""
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    OUTPUT = "output"
    """With reasoning, which exports do not separate."""
    UNSPLIT = "unsplit"
    """Metered tokens that the log does not split into input and output."""
    AMOUNT = "amount"
    """US dollars."""


@dataclass(frozen=True)
class Entry:
    """The values of one model of a bucket, as the provider names it; null without a model."""

    model: str | None
    values: Mapping[Measure, int | Decimal]


@dataclass(frozen=True)
class Format:
    """A provider's format: reads a time (UTC) from a named field, and a result of usage or of costs."""

    time: Callable[[Part, str], datetime]
    start: str
    """The field of a bucket with its start."""
    end: str
    usage: Callable[[Part], Entry]
    cost: Callable[[Part], Entry]


@dataclass(frozen=True)
class Bucket:
    """A half-open range of times of one day, UTC."""

    start: datetime
    end: datetime
    entries: tuple[Entry, ...]

    @property
    def day(self) -> date:
        """The UTC day of the bucket."""
        return self.start.date()


@dataclass(frozen=True)
class Export:
    """The buckets of a file, in order of time and without overlaps."""

    buckets: tuple[Bucket, ...]
    of_costs: bool
    has_more: bool
    """The provider has pages after the last one of the file."""

    @cached_property
    def _covered(self) -> Mapping[date, timedelta]:
        covered: dict[date, timedelta] = defaultdict(timedelta)
        for bucket in self.buckets:
            covered[bucket.day] += bucket.end - bucket.start
        return covered

    @property
    def whole_days(self) -> list[date]:
        """The days that the buckets cover from midnight to midnight; only these can be compared."""
        return [day for day, covered in self._covered.items() if covered == timedelta(days=1)]

    @property
    def partial_days(self) -> list[date]:
        """The days that the buckets cover only in part."""
        return [day for day, covered in self._covered.items() if covered != timedelta(days=1)]

    @cached_property
    def by_model(self) -> bool:
        """True if usage or costs are by model."""
        return not self.of_costs or any(entry.model for bucket in self.buckets for entry in bucket.entries)

    def entries(self) -> Iterator[tuple[date, str, Entry]]:
        """Yield day, model and entry; a day and model may have several entries."""
        unnamed = UNNAMED if self.by_model else ALL_MODELS
        for bucket in self.buckets:
            for entry in bucket.entries:
                yield bucket.day, entry.model or unnamed, entry
