"""What an export of a provider is: buckets of time, each with what was used or charged in it, by model."""

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
"""The model of what names none, among costs that do."""


class Provider(StrEnum):
    """Whose exports can be read."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Measure(StrEnum):
    """What is compared: tokens by class, each token in exactly one, or an amount."""

    INPUT = "input"
    """Without cached and cache-write tokens."""
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    OUTPUT = "output"
    """With reasoning, which providers do not tell apart."""
    UNSPLIT = "unsplit"
    """Tokens of ours of which the log does not say whether they are input."""
    AMOUNT = "amount"
    """US dollars."""


@dataclass(frozen=True)
class Entry:
    """What a bucket says of one model as the provider names it; null where it names none."""

    model: str | None
    values: Mapping[Measure, int | Decimal]


@dataclass(frozen=True)
class Format:
    """How a provider writes: when a bucket begins and ends, UTC, and what a result of usage or of costs says."""

    start: Callable[[Part], datetime]
    end: Callable[[Part], datetime]
    usage: Callable[[Part], Entry]
    cost: Callable[[Part], Entry]


@dataclass(frozen=True)
class Bucket:
    """A stretch of one day, UTC, half open."""

    start: datetime
    end: datetime
    entries: tuple[Entry, ...]

    @property
    def day(self) -> date:
        """The day in which it lies."""
        return self.start.date()


@dataclass(frozen=True)
class Export:
    """The buckets of a file in order of time; no two overlap."""

    buckets: tuple[Bucket, ...]
    of_costs: bool
    has_more: bool
    """Whether the provider has pages after the last one of the file."""

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
        """The other days of which the file says anything."""
        return [day for day, covered in self._covered.items() if covered != timedelta(days=1)]

    @cached_property
    def by_model(self) -> bool:
        """Whether it says what is of which model."""
        return not self.of_costs or any(entry.model for bucket in self.buckets for entry in bucket.entries)

    def entries(self) -> Iterator[tuple[date, str, Entry]]:
        """Day, model and what was used or charged; a day and model may have several."""
        unnamed = UNNAMED if self.by_model else ALL_MODELS
        for bucket in self.buckets:
            for entry in bucket.entries:
                yield bucket.day, entry.model or unnamed, entry
