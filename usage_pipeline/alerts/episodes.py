"""When alerts on a limit are raised and resolved: a pure function of what was used and of the episodes so far.

An episode begins when a threshold is reached, and ends when the share falls clearly below it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from usage_pipeline.billing.ledger.entries import exact

MARGIN = 5
"""The points by which the share has to fall below a threshold, so that one about it does not raise many alerts."""

_ONE = Decimal(1)
_HUNDRED = 100


@dataclass(frozen=True)
class Level:
    """What was used, and the amount of the limit."""

    used: Decimal
    amount: Decimal

    def has_reached(self, threshold: int) -> bool:
        """Return True if at least that percentage was used."""
        with exact():
            return threshold * self.amount <= self.used * _HUNDRED

    def is_clearly_below(self, threshold: int) -> bool:
        """Return True if the share is below it by more than `MARGIN` points; by half of it where that is less."""
        with exact():
            margin = min(_ONE * MARGIN, _ONE * threshold / 2)
            return self.used * _HUNDRED < (threshold - margin) * self.amount


@dataclass(frozen=True)
class Episode:
    """A threshold that was reached, for which time in its period, and whether it still is."""

    threshold: int
    number: int = 1
    is_active: bool = True


@dataclass(frozen=True)
class Changes:
    """What happens to the thresholds of a limit."""

    raised: Episode | None = None
    """The highest threshold that was reached: people are told of it."""
    passed: tuple[Episode, ...] = ()
    """Those that were reached when a higher one was: nobody is told."""
    resolved: tuple[Episode, ...] = ()
    """Those that the share has fallen below."""


def judge(thresholds: Collection[int], level: Level, known: Iterable[Episode]) -> Changes:
    """Return what changes; `known` are the last episodes of thresholds in the same period."""
    last = {episode.threshold: episode for episode in known}
    active = {threshold for threshold, episode in last.items() if episode.is_active}
    reached = sorted(part for part in thresholds if level.has_reached(part) and part not in active)
    begun = [Episode(part, last[part].number + 1 if part in last else 1) for part in reached]
    is_news = bool(begun) and begun[-1].threshold > max(active, default=0)
    return Changes(
        raised=begun[-1] if is_news else None,
        passed=tuple(begun[:-1] if is_news else begun),
        resolved=tuple(last[part] for part in sorted(active) if level.is_clearly_below(part)),
    )
