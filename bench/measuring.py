"""Runs one subject on one dataset in a process of its own, everything cold, and says what it took."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.database_memory import DatabaseMemory
from bench.datasets import Dataset, Prepared
from bench.errors import BenchError
from bench.served import Served
from bench.subjects.catalogue import Job, Subject

ROOT = Path(__file__).parents[1]
"""The project's folder, from which every subject is run."""

_COPIED = ("postgres", "dagster")
"""What is changed in place, and so must be copied; the rest is only ever replaced, and is linked."""
_LIBRARIES = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")})
_LOG_LINES = 30


@dataclass(frozen=True)
class Took:
    """What one run took. The database has processes of its own; its peak is that of all of them together.

    The processor seconds, user and system, are those of the run, its children and the database.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    database_peak_bytes: int
    output_bytes: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    """How long half of its answers took at most, and 99 of 100, if it gives many."""
    served: Served | None = None
    """The answers of a server; then the peak is that of the server."""

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """The same from its JSON form."""
        served = entry.get("served")
        return cls(**entry | {"served": served and Served.from_json(served)})


Forget = Callable[[Path], None]
"""Drops from memory what a run on this data directory would find there."""


def forget_all(data_dir: Path) -> None:
    """Let the next run read its data and all libraries from disk."""
    forget_files(data_dir, *_LIBRARIES)


@contextmanager
def run_of(
    subject: Subject, dataset: Dataset, prepared: Prepared, work: Path, forget: Forget = forget_all
) -> Iterator[tuple[Job, Took]]:
    """Measure a run on a fresh copy of the dataset, which is there until the end of the context."""
    folder = work / "run"
    shutil.rmtree(folder, ignore_errors=True)
    job = Job(folder / "data", folder / "out", dataset.first_day)
    _copy(prepared.folder, job.data_dir)
    job.out.mkdir()
    forget(job.data_dir)
    try:
        yield job, _measure(subject, job, folder / "log.txt")
    finally:
        shutil.rmtree(folder)


def _measure(subject: Subject, job: Job, log: Path) -> Took:
    before = _size(job.data_dir)
    launch = [sys.executable, "-I", "-S", str(ROOT / "bench" / "launch.py"), str(log), *subject.command(job)]
    with DatabaseMemory(job.data_dir) as database:
        result = subprocess.run(launch, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if result.returncode:
        raise BenchError(f"{subject.label} did not start, or left processes that do not end. {result.stderr}")
    took = json.loads(result.stdout)
    if took.pop("exit_code"):
        printed = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        raise BenchError("\n".join([f"{subject.label} failed:", *printed]))
    output = _size(job.data_dir) - before if subject.kind.is_ours else _size(job.out)
    answers = job.out / "answers.json"
    found = json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else {}
    return Took.from_json(took | {"database_peak_bytes": database.peak_bytes, "output_bytes": output} | found)


def forget_files(*folders: Path) -> None:
    """Write what waits to be written, and drop these files from memory: whoever reads them reads the disk."""
    os.sync()
    for path in (path for folder in folders for path in _files(folder)):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _files(folder: str | Path) -> Iterator[str]:
    """The files below a folder. The libraries have tens of thousands: objects of `Path` would take a second."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file():
                yield entry.path


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        link = [] if entry.name in _COPIED else ["--link"]
        # With owners and times, which the embedded PostgreSQL and the landing state go by.
        subprocess.run(["cp", "--archive", *link, str(entry), str(target)], check=True)  # noqa: S603, S607 - ours


def _environment() -> dict[str, str]:
    """The environment without settings, so that the defaults are measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("USAGE_", "DAGSTER_"))}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
