"""What was measured, and its form as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.measuring import Took
from bench.sections import RAW, UNIT, Case, is_small
from bench.served import Served


@dataclass(frozen=True)
class Measured:
    """All runs of a case, in the order of the repetitions."""

    case: Case
    events: int
    """Records that the simulator wrote: lines that must count."""
    input_bytes: int
    rows: int
    """Rows that a raw conversion wrote, records that another subject counted."""
    runs: tuple[Took, ...]

    @property
    def seconds(self) -> float:
        """The median of the runs."""
        return median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """The median of the runs, in processor seconds."""
        return median(run.cpu_seconds for run in self.runs)

    @property
    def noise(self) -> float:
        """How far the runs lie apart, as a share of their median."""
        return _apart([run.seconds for run in self.runs])

    @property
    def cpu_noise(self) -> float:
        """How far the processor seconds of the runs lie apart."""
        return _apart([run.cpu_seconds for run in self.runs])

    @property
    def peak_bytes(self) -> int:
        """The most memory of any run, with that of the database."""
        return max(run.peak_bytes + run.database_peak_bytes for run in self.runs)

    @property
    def process_peak_bytes(self) -> int:
        """The most memory of any run, without the database."""
        return max(run.peak_bytes for run in self.runs)

    @property
    def database_peak_bytes(self) -> int:
        """The most memory of the database in any run."""
        return max(run.database_peak_bytes for run in self.runs)

    @property
    def p50_ms(self) -> float | None:
        """The time that half of its answers took at most, if it gives many."""
        return _median(run.p50_ms for run in self.runs)

    @property
    def p99_ms(self) -> float | None:
        """The time that 99 of 100 answers took at most, if it gives many."""
        return _median(run.p99_ms for run in self.runs)

    def answered(self, kind: str) -> tuple[float, float]:
        """The milliseconds that half of the answers of a kind took at most, and 99 of 100; of a server's run."""
        found = [answered for run in self._served for answered in run.answered if answered.kind == kind]
        return median(entry.p50_ms for entry in found), median(entry.p99_ms for entry in found)

    def served(self, name: str) -> float:
        """The median of a number of the runs of a server."""
        return float(median(getattr(run, name) for run in self._served))

    @property
    def _served(self) -> list[Served]:
        return [run.served for run in self.runs if run.served]

    @property
    def output_bytes(self) -> int:
        """What the run wrote and left."""
        return round(median(run.output_bytes for run in self.runs))

    @property
    def events_per_second(self) -> float:
        """Events by the median time."""
        return self.events / self.seconds

    def as_json(self) -> dict[str, Any]:
        """All that is known of the case: the runs, and what the tables show of them."""
        return {
            "dataset": self.case.dataset,
            "subject": self.case.subject,
            "events": self.events,
            "input_bytes": self.input_bytes,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "noise": round(self.noise, 4),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "events_per_second": round(self.events_per_second),
            "peak_bytes": self.peak_bytes,
            "output_bytes": self.output_bytes,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "runs": [asdict(run) for run in self.runs],
        }

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """The same from its JSON form; what is derived is derived anew."""
        return cls(
            Case(entry["dataset"], entry["subject"]),
            entry["events"],
            entry["input_bytes"],
            entry["rows"],
            tuple(map(Took.from_json, entry["runs"])),
        )


@dataclass(frozen=True)
class Failed:
    """A case that did not come to its end, or to wrong numbers: it has no time."""

    case: Case
    events: int

    def as_json(self) -> dict[str, Any]:
        """The case."""
        return {"dataset": self.case.dataset, "subject": self.case.subject, "events": self.events}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """The same from its JSON form."""
        return cls(Case(entry["dataset"], entry["subject"]), entry["events"])


@dataclass(frozen=True)
class Results:
    """One run of the benchmark."""

    date: str
    machine: dict[str, Any]
    events: int
    repetitions: int
    measured: tuple[Measured, ...]
    failed: tuple[Failed, ...] = ()

    def find(self, dataset: str, subject: str) -> Measured | None:
        """What was measured of this case, if it was."""
        return next((entry for entry in self.measured if entry.case == Case(dataset, subject)), None)

    def fastest_raw(self, dataset: str) -> Measured | None:
        """The raw conversion of a dataset that took the least time."""
        raw = [entry for name in RAW if (entry := self.find(dataset, name))]
        return min(raw, key=lambda entry: entry.seconds, default=None)

    @property
    def noise(self) -> float:
        """The noise of the case that has the most, of those that are measured in seconds."""
        return max((entry.noise for entry in self.measured if not is_small(entry.case)), default=0)

    def ratio(self, entry: Measured) -> float | None:
        """How many times longer it took than the fastest raw conversion of the same files, where there is one."""
        raw = self.fastest_raw(entry.case.dataset)
        return entry.seconds / raw.seconds if raw else None

    def units(self, entry: Measured) -> float | None:
        """How many times the processor seconds of the unit it took, if it is small."""
        unit = self.find(UNIT.dataset, UNIT.subject)
        return entry.cpu_seconds / unit.cpu_seconds if unit and is_small(entry.case) else None

    def as_json(self) -> dict[str, Any]:
        """All that was measured, and what follows from it."""
        return {
            "date": self.date,
            "machine": self.machine,
            "events": self.events,
            "repetitions": self.repetitions,
            "noise": round(self.noise, 4),
            "measured": [self._with_ratios(entry) for entry in self.measured],
            "failed": [entry.as_json() for entry in self.failed],
        }

    def _with_ratios(self, entry: Measured) -> dict[str, Any]:
        ratios = {"to_fastest_raw": self.ratio(entry), "units": self.units(entry)}
        rounded = {name: None if ratio is None else round(ratio, 3) for name, ratio in ratios.items()}
        return entry.as_json() | rounded

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON file that holds `as_json`, and perhaps more."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            content["date"],
            content["machine"],
            content["events"],
            content["repetitions"],
            tuple(map(Measured.from_json, content["measured"])),
            tuple(
                Failed(Case(entry["dataset"], entry["subject"]), entry["events"]) for entry in content["failed"]
            ),
        )


def _median(times: Iterable[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return median(known) if known else None


def _apart(times: Sequence[float]) -> float:
    return (max(times) - min(times)) / median(times)
