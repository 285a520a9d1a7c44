"""Runs cases: makes their datasets, measures subject after subject and round after round, and checks each."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.checking import check, counted
from bench.datasets import Prepared, datasets
from bench.errors import BenchError
from bench.machine import describe_machine
from bench.measuring import ROOT, Forget, Took, forget_all, run_of
from bench.results import Failed, Measured, Results
from bench.sections import Case
from bench.subjects.catalogue import SUBJECTS

_MB = 1_000_000


@dataclass
class Bench:
    """One run of the benchmark. The subjects take turns, so that a machine that gets slower hits all alike."""

    events: int
    repetitions: int
    work: Path
    console: Console
    forget: Forget = forget_all
    """Called before each run."""
    kept: Path | None = None
    """Where datasets are looked for, and stay for later runs; without it they are made in `work`."""
    _runs: dict[Case, list[Took]] = field(default_factory=dict)
    _rows: dict[Case, int] = field(default_factory=dict)
    _failed: set[Case] = field(default_factory=set)

    def run(self, cases: Sequence[Case]) -> Results:
        """Measure these cases. One that fails or comes to wrong numbers is not run again, and has no time."""
        self.work.mkdir(parents=True, exist_ok=True)
        for name in dict.fromkeys(case.dataset for case in cases):
            self._prepare(name)
        turns = [(repetition, case) for repetition in range(1, self.repetitions + 1) for case in cases]
        for number, (repetition, case) in enumerate(turns, 1):
            if case not in self._failed:
                self._take_turn(f"{number:>3}/{len(turns)}  repetition {repetition}", case)
        return Results(
            str(datetime.now(UTC).date()),
            describe_machine(),
            self.events,
            self.repetitions,
            tuple(self._measured(case) for case in cases if case not in self._failed),
            tuple(Failed(case, self._counted(case)[0]) for case in cases if case in self._failed),
        )

    def clean(self) -> None:
        """Remove the datasets."""
        for name in (*datasets(self.events), "run"):
            shutil.rmtree(self.work / name, ignore_errors=True)

    def _prepared(self, name: str) -> Prepared:
        return Prepared(self._datasets / name)

    @property
    def _datasets(self) -> Path:
        """The folder of the datasets: of their size, because the same ones of another are others."""
        return self.kept / str(self.events) if self.kept else self.work

    def _prepare(self, name: str) -> None:
        dataset, folder = datasets(self.events)[name], self._prepared(name)
        if self.kept and folder.truth.exists():  # the last that is written
            self.console.print(f"Found {dataset.label} of an earlier run", highlight=False)
            return
        shutil.rmtree(folder.folder, ignore_errors=True)
        self._datasets.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "bench.preparing", str(self._datasets), name, str(self.events)]
        started = datetime.now(UTC)
        with self.console.status(f"Preparing {dataset.label} …"):
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if result.returncode:
            raise BenchError(f"{dataset.label} could not be made:\n{result.stderr}")
        seconds = (datetime.now(UTC) - started).total_seconds()
        self.console.print(f"Prepared {dataset.label} in {seconds:.0f} s", highlight=False)

    def _take_turn(self, where: str, case: Case) -> None:
        try:
            with self.console.status(f"{where}  {describe(case)} …"):
                took = self._measure(case)
        except BenchError as error:
            self._failed.add(case)
            self.console.print(f"{where}  {error}", style="red", markup=False, highlight=False)
            return
        self._runs.setdefault(case, []).append(took)
        memory = (took.peak_bytes + took.database_peak_bytes) / _MB
        self.console.print(
            f"{where}  {describe(case):<70} {took.seconds:>8.2f} s {took.cpu_seconds:>8.2f} processor s "
            f"{memory:>8,.0f} MB",
            highlight=False,
        )

    def _measure(self, case: Case) -> Took:
        subject, prepared = SUBJECTS[case.subject], self._prepared(case.dataset)
        dataset = datasets(self.events)[case.dataset]
        with run_of(subject, dataset, prepared, self.work, self.forget) as (job, took):
            self._rows[case] = check(subject, job, prepared)
        return took

    def _measured(self, case: Case) -> Measured:
        return Measured(case, *self._counted(case), self._rows[case], tuple(self._runs[case]))

    def _counted(self, case: Case) -> tuple[int, int]:
        return counted(self._prepared(case.dataset), datasets(self.events)[case.dataset])


def describe(case: Case) -> str:
    """The subject and the data that it runs on."""
    label = next(dataset.label for dataset in datasets(1).values() if dataset.name == case.dataset)
    return f"{SUBJECTS[case.subject].label}, {label}"
