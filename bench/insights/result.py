"""What a measure comes to: a table, and the bars that it is held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.bars import Bar

Row = tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """A table with its title. The first column is no number."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    bars: Sequence[Bar]


def at_least(name: str, limit: float, found: float, unit: str = "") -> Bar:
    """Return the bar that something is no less than a limit."""
    return Bar(name, f"at least {limit:g}{unit}", f"{found:.4g}{unit}", passed=found >= limit)


def at_most(name: str, limit: float, found: float, unit: str = "") -> Bar:
    """Return the bar that something is no more than a limit."""
    return Bar(name, f"at most {limit:g}{unit}", f"{found:.4g}{unit}", passed=found <= limit)
