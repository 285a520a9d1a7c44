"""The subjects by name: what each is, and the command that runs it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from bench.datasets import DAY


class Kind(StrEnum):
    """What a subject does with the lines."""

    RAW = "raw conversion"
    SCRIPT = "script"
    MAIN_JOB = "main job"
    COSTED_JOB = "main job and costs"

    @property
    def is_ours(self) -> bool:
        """Whether it is a job of the pipeline, which keeps a database and state."""
        return self in {Kind.MAIN_JOB, Kind.COSTED_JOB}


@dataclass(frozen=True)
class Job:
    """What a subject is given: a data directory that it may write to, a folder for its output, and the days."""

    data_dir: Path
    out: Path
    first_day: date
    last_day: date = DAY


@dataclass(frozen=True)
class Subject:
    """Something that is measured."""

    label: str
    kind: Kind
    arguments: Callable[[Job], Sequence[str]]
    package: str | None = None
    """The package that only the benchmark needs, if it does."""

    def command(self, job: Job) -> list[str]:
        """The command line, to be run from the project's folder."""
        return [sys.executable, "-m", *self.arguments(job)]


def _script(module: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: (
        f"bench.subjects.{module}",
        str(job.data_dir / "landing"),
        str(job.last_day),
        str(job.out),
    )


def _plain_run(job: Job) -> Sequence[str]:
    return ("bench.subjects.plain_run", str(job.data_dir))


def _costed_run(job: Job) -> Sequence[str]:
    return ("bench.subjects.costed_run", str(job.data_dir))


def _imported_run(job: Job) -> Sequence[str]:
    return ("bench.subjects.validated_run", str(job.data_dir), "import")


def _validated_run(job: Job) -> Sequence[str]:
    return ("bench.subjects.validated_run", str(job.data_dir), "validate")


def _command_run(job: Job) -> Sequence[str]:
    return ("usage_pipeline.cli", "run", "--no-suites", "--data-dir", str(job.data_dir))


def _checked_run(job: Job) -> Sequence[str]:
    return ("usage_pipeline.cli", "run", "--data-dir", str(job.data_dir))


def _command_recompute(job: Job) -> Sequence[str]:
    days = ("--from", str(job.first_day), "--to", str(job.last_day))
    return ("usage_pipeline.cli", "recompute", "--no-suites", *days, "--data-dir", str(job.data_dir))


def _rating(job: Job) -> Sequence[str]:
    return ("bench.subjects.rating", str(job.data_dir), str(job.last_day))


SUBJECTS = {
    "duckdb": Subject("DuckDB, raw conversion", Kind.RAW, _script("raw_duckdb")),
    "polars": Subject("Polars, raw conversion", Kind.RAW, _script("raw_polars"), "polars"),
    "clickhouse": Subject("ClickHouse local, raw conversion", Kind.RAW, _script("raw_clickhouse"), "chdb"),
    "pandas": Subject("pandas script", Kind.SCRIPT, _script("pandas_day")),
    "main": Subject("main job without Dagster", Kind.MAIN_JOB, _plain_run),
    "costed": Subject("main job and costs", Kind.COSTED_JOB, _costed_run),
    "dagster": Subject("main job and costs, with Dagster", Kind.COSTED_JOB, _command_run),
    "rating": Subject("rating alone", Kind.COSTED_JOB, _rating),
    "imported": Subject("main job, costs, import of Great Expectations", Kind.COSTED_JOB, _imported_run),
    "validated": Subject("main job, costs and validation", Kind.COSTED_JOB, _validated_run),
    "checked": Subject("main job, costs and validation, with Dagster", Kind.COSTED_JOB, _checked_run),
    "backfill": Subject("backfill with Dagster", Kind.COSTED_JOB, _command_recompute),
}
