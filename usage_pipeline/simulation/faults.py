"""Delivers the lines of a day: on time, late, twice, with other content, or broken."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from usage_pipeline.simulation.arrays import DAY_MS, Ints, Texts, table
from usage_pipeline.simulation.batch import Batch
from usage_pipeline.simulation.broken import breaks, good_record, too_long_line
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.settings import PERSONA, SOURCES, STATISTICS

_STREAM = 1
_LATEST_DAYS = 5
_CLOSING_TIME = DAY_MS - 5 * 60_000
"""Events after this time of day land on the next day, because the file of the day is closed."""

SHARED = -1
"""In place of a tenant: the file of all tenants without a folder of their own."""
_OWN_FOLDER = 0
"""The tenant whose persona events land in a folder of their own."""
_TENANT_OF_REASON = {"tenant_mismatch": _OWN_FOLDER, "before_calendar": 2}
"""The tenant of a broken line; all others are sent by tenant 1, whose plan has a retention. That of 2 has none."""


@dataclass(frozen=True)
class Place:
    """A landing file: source, day on which it lands, and tenant or `SHARED`."""

    source: int
    landing_day: int
    tenant: int


@dataclass
class Drop:
    """The lines that a batch brings to a file. Repeats are written after the lines that they repeat."""

    lines: list[str] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Delivery:
    """The events of a batch that are delayed, late, delivered again or contradicted, and the lines by file.

    An event is late if it lands after the day that follows its own, delayed or not.
    """

    batch: Batch
    delayed: Ints
    late: Ints
    redelivered: Ints
    conflicts: Ints
    drops: dict[Place, Drop]


def deliver(plan: Plan, batch: Batch) -> Delivery:
    """Choose the landing day of each line, and add the faults that the plan has for the day."""
    rng = plan.rng(batch.day, batch.source, _STREAM)
    delayed, again, contradicted = (
        np.sort(rng.choice(len(batch.lines), int(counts[batch.day, batch.source]), replace=False))
        for counts in (plan.faults.delayed, plan.faults.redelivered, plan.faults.conflicts)
    )
    left = plan.simulation.days - 1 - batch.day
    landing = np.where(batch.milliseconds >= _CLOSING_TIME, min(1, left), 0)
    if left:
        landing[delayed] = rng.integers(1, min(_LATEST_DAYS, left) + 1, len(delayed))
    late = np.flatnonzero(landing - batch.day_offsets > 1)
    again_after = np.minimum(landing[again] + rng.integers(0, 2, len(again)), left)
    drops: dict[Place, Drop] = defaultdict(Drop)
    for place, texts in _by_place(batch, np.arange(len(landing)), landing, batch.lines):
        drops[place].lines += texts
    for place, texts in _by_place(batch, again, again_after, batch.lines[again]):
        drops[place].repeats += texts
    others = _contradictions(batch.lines[contradicted])
    for place, texts in _by_place(batch, contradicted, landing[contradicted], others):
        drops[place].repeats += texts
    _break_lines(plan, batch, drops)
    return Delivery(batch, delayed, late, again, contradicted, drops)


def _by_place(batch: Batch, events: Ints, landing: Ints, texts: Texts) -> Iterator[tuple[Place, list[str]]]:
    """Yield each file in which these events land, with their texts in order of time."""
    tenants = _folders(batch.source, batch.tenants[events])
    keys = landing * 1_000_000 + tenants + 1
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts, len(order))[1:].tolist()
    for key, start, end in zip(found.tolist(), starts.tolist(), ends, strict=True):
        days, tenant = divmod(key, 1_000_000)
        yield Place(batch.source, batch.day + days, tenant - 1), texts[order[start:end]].tolist()


def _folders(source: int, tenants: Ints) -> Ints:
    """Return the tenant of the landing folder, or `SHARED`. Lines of usage statistics name no tenant."""
    if SOURCES[source] == STATISTICS:
        return tenants
    if SOURCES[source] == PERSONA:
        return np.where(tenants == _OWN_FOLDER, tenants, SHARED)
    return np.full(len(tenants), SHARED, dtype=np.int64)


def _contradictions(lines: Texts) -> Texts:
    """Return the lines with other numbers: one more digit leaves them valid."""
    others = (
        line.replace('"tokensOut":', '"tokensOut":9', 1).replace('"count":', '"count":9', 1)
        for line in lines.tolist()
    )
    return table(*(f'{other[:-1]},"note":"corrected"}}' for other in others))


def _break_lines(plan: Plan, batch: Batch, drops: dict[Place, Drop]) -> None:
    """Add the broken lines of the day. The reasons take turns over all days."""
    source, counts = SOURCES[batch.source], plan.faults.malformed[:, batch.source]
    ways = list(breaks(source).items())
    before = int(counts[: batch.day].sum())
    for number in range(before, before + int(counts[batch.day])):
        reason, break_ = ways[number % len(ways)]
        tenant = _TENANT_OF_REASON.get(reason, 1)
        day = plan.simulation.date(batch.day)
        record = good_record(source, f"broken_{number}", plan.tenants[tenant].name, day)
        _add_broken(drops, batch, tenant, reason, break_(record))
    if source == PERSONA and batch.day == plan.simulation.days // 2:
        _add_broken(drops, batch, 1, "line_too_long", too_long_line())


def _add_broken(drops: dict[Place, Drop], batch: Batch, tenant: int, reason: str, line: str) -> None:
    folder = int(_folders(batch.source, np.array([tenant]))[0])
    drop = drops[Place(batch.source, batch.day, folder)]
    drop.broken.append(line)
    drop.rejected[reason] += 1
