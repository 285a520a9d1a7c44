"""When the lines of a day land, and what goes wrong on the way: delayed, again, contradicted, broken."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from usage_pipeline.simulation.arrays import DAY_MS, Ints, Texts
from usage_pipeline.simulation.batch import Batch
from usage_pipeline.simulation.broken import breaks, good_record, too_long_line
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.settings import PERSONA, SOURCES, STATISTICS

_STREAM = 1
_LATEST_DAYS = 5
_CLOSING_TIME = DAY_MS - 5 * 60_000
"""Events after this time of day land on the next day: the file of the day is closed."""

SHARED = -1
"""Instead of a tenant: the file that holds all tenants without a folder of their own."""
_OWN_FOLDER = 0
"""The tenant whose persona events land in a folder of their own."""
_TENANT_OF_REASON = {"tenant_mismatch": _OWN_FOLDER, "before_calendar": 2}
"""Who sends a broken line, where it matters: the second tenant otherwise, whose plan keeps records for a term;
the third one's keeps them for ever."""


@dataclass(frozen=True)
class Place:
    """A landing file: source, day on which it lands, and tenant or `SHARED`."""

    source: int
    landing_day: int
    tenant: int


@dataclass
class Drop:
    """What a batch brings to a file. Repeats stand behind the lines that they repeat."""

    lines: list[str] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Delivery:
    """How a batch arrives: which events are delayed, delivered again and contradicted, and the lines by file.

    Late are those that landed after the day that followed their own, delayed or not.
    """

    batch: Batch
    delayed: Ints
    late: Ints
    redelivered: Ints
    conflicts: Ints
    drops: dict[Place, Drop]


def deliver(plan: Plan, batch: Batch) -> Delivery:
    """Decide when each line lands, and add the faults that the plan has for the day."""
    rng = plan.rng(batch.day, batch.source, _STREAM)
    delayed, again, contradicted = (
        _picked(rng, batch, int(counts[batch.day, batch.source]))
        for counts in (plan.faults.delayed, plan.faults.redelivered, plan.faults.conflicts)
    )
    left = plan.simulation.days - 1 - batch.day
    landing = np.where(batch.milliseconds >= _CLOSING_TIME, min(1, left), 0)
    if left:
        landing[delayed] = rng.integers(1, min(_LATEST_DAYS, left) + 1, len(delayed))
    late = np.flatnonzero(landing - batch.day_offsets > 1)
    again_after = np.minimum(landing[again] + rng.integers(0, 2, len(again)), left)
    drops: dict[Place, Drop] = {}
    for place, texts in _by_place(batch, np.arange(len(landing)), landing, batch.lines):
        drops.setdefault(place, Drop()).lines += texts
    for place, texts in _by_place(batch, again, again_after, batch.lines[again]):
        drops.setdefault(place, Drop()).repeats += texts
    for place, texts in _by_place(
        batch, contradicted, landing[contradicted], _contradictions(batch, contradicted)
    ):
        drops.setdefault(place, Drop()).repeats += texts
    _break_lines(plan, batch, drops)
    return Delivery(batch, delayed, late, again, contradicted, drops)


def _picked(rng: np.random.Generator, batch: Batch, count: int) -> Ints:
    return np.sort(rng.choice(len(batch.lines), count, replace=False))


def _by_place(batch: Batch, events: Ints, landing: Ints, texts: Texts) -> Iterator[tuple[Place, list[str]]]:
    """The texts of these events by the file in which they land, in order of time."""
    tenants = _folders(batch.source, batch.tenants[events])
    keys = landing * 1_000_000 + tenants + 1
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts, len(order))[1:].tolist()
    for key, start, end in zip(found.tolist(), starts.tolist(), ends, strict=True):
        days, tenant = divmod(key, 1_000_000)
        yield Place(batch.source, batch.day + days, tenant - 1), texts[order[start:end]].tolist()


def _folders(source: int, tenants: Ints) -> Ints:
    """The tenant of the landing folder, or `SHARED`: only usage statistics do not name the tenant."""
    if SOURCES[source] == STATISTICS:
        return tenants
    if SOURCES[source] == PERSONA:
        return np.where(tenants == _OWN_FOLDER, tenants, SHARED)
    return np.full(len(tenants), SHARED, dtype=np.int64)


def _contradictions(batch: Batch, events: Ints) -> Texts:
    """The same ids with other numbers: a digit before them makes them larger and leaves them valid."""
    texts = np.empty(len(events), dtype=object)
    for number, line in enumerate(batch.lines[events].tolist()):
        other = line.replace('"tokensOut":', '"tokensOut":9', 1).replace('"count":', '"count":9', 1)
        texts[number] = f'{other[:-1]},"note":"corrected"}}'
    return texts


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
    drop = drops.setdefault(Place(batch.source, batch.day, folder), Drop())
    drop.broken.append(line)
    drop.rejected[reason] += 1
