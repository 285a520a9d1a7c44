"""Writes each landing file once, when all its lines are known."""

import gzip
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from usage_pipeline.simulation.faults import SHARED, Drop, Place
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.settings import SOURCES
from usage_pipeline.simulation.truth import FileTruth

_ENDINGS = ("", ".zst", "", ".gz")
_BLANK_EVERY = 3
"""The files of every third landing day end with an empty line."""


@dataclass
class Writer:
    """Collects lines by file until their landing day is over, then writes the day's files."""

    plan: Plan
    out: Path
    _waiting: dict[Place, list[Drop]] = field(default_factory=dict)

    def take(self, drops: dict[Place, Drop]) -> None:
        """Keep the lines of a batch, for files of its day and of later days."""
        for place, drop in drops.items():
            self._waiting.setdefault(place, []).append(drop)

    def write_day(self, day: int) -> dict[str, FileTruth]:
        """Write the files that land on this day. Returns their expected counts, by path below `landing`."""
        places = [place for place in self._waiting if place.landing_day == day]
        return dict(self._write(place, self._waiting.pop(place)) for place in places)

    def _write(self, place: Place, drops: list[Drop]) -> tuple[str, FileTruth]:
        lines = [line for drop in drops for line in (*drop.lines, *drop.broken)]
        repeats = [line for drop in drops for line in drop.repeats]
        rejected = sum((drop.rejected for drop in drops), Counter[str]())
        blank = 1 if place.landing_day % _BLANK_EVERY == 0 else 0
        text = "\n".join([*lines, *repeats, *[""] * blank, ""])
        path = self._path(place)
        target = self.out / "landing" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_compressed(text.encode("utf-8", "surrogateescape"), path))
        accepted = len(lines) + len(repeats) - rejected.total()
        return path, FileTruth(blank, accepted, rejected)

    def _path(self, place: Place) -> str:
        folders = [SOURCES[place.source], str(self.plan.simulation.date(place.landing_day))]
        if place.tenant != SHARED:
            folders.append(self.plan.tenants[place.tenant].name)
        ending = _ENDINGS[(place.landing_day + place.source) % len(_ENDINGS)]
        return "/".join([*folders, f"events.jsonl{ending}"])


def _compressed(content: bytes, path: str) -> bytes:
    if path.endswith(".zst"):
        return zstandard.compress(content, 1)
    if path.endswith(".gz"):
        # Without a time, so that the same lines are the same bytes.
        return gzip.compress(content, compresslevel=1, mtime=0)
    return content
