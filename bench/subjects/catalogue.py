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
    LOG_JOB = "main job on a real log"
    COMMAND = "command"
    PAGES = "pages of lists"
    SERVER = "server"

    @property
    def is_ours(self) -> bool:
        """Whether what it writes goes into the data directory, with a database and state."""
        return self not in {Kind.RAW, Kind.SCRIPT}


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
        return [sys.executable, *self.arguments(job)]


def _script(module: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: (
        *("-m", f"bench.subjects.{module}"),
        str(job.data_dir / "landing"),
        str(job.last_day),
        str(job.out),
    )


def _in_process(module: str, *more: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: ("-m", f"bench.subjects.{module}", str(job.data_dir), *more)


def _command(*arguments: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: ("-m", "usage_pipeline.cli", *arguments, "--data-dir", str(job.data_dir))


def _help(_: Job) -> Sequence[str]:
    return ("-m", "usage_pipeline.cli", "--help")


def _additions(_: Job) -> Sequence[str]:
    return ("-c", "total = 0\nfor number in range(10_000_000):\n    total += number")


def _recompute(job: Job) -> Sequence[str]:
    days = ("--from", str(job.first_day), "--to", str(job.last_day))
    return _command("recompute", "--no-suites", *days)(job)


def _pages(name: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: _in_process("pages", str(job.out), name)(job)


def _served(between: str) -> Callable[[Job], Sequence[str]]:
    return lambda job: _in_process("served", str(job.out), between)(job)


def _rating(job: Job) -> Sequence[str]:
    return _in_process("rating", str(job.last_day))(job)


SUBJECTS = {
    "duckdb": Subject("DuckDB, raw conversion", Kind.RAW, _script("raw_duckdb")),
    "polars": Subject("Polars, raw conversion", Kind.RAW, _script("raw_polars"), "polars"),
    "clickhouse": Subject("ClickHouse local, raw conversion", Kind.RAW, _script("raw_clickhouse"), "chdb"),
    "pandas": Subject("pandas script", Kind.SCRIPT, _script("pandas_day")),
    "main": Subject("main job without Dagster", Kind.MAIN_JOB, _in_process("plain_run")),
    "costed": Subject("main job and costs", Kind.COSTED_JOB, _in_process("costed_run")),
    "dagster": Subject("main job and costs, with Dagster", Kind.COSTED_JOB, _command("run", "--no-suites")),
    "rating": Subject("rating alone", Kind.COSTED_JOB, _rating),
    "imported": Subject(
        "main job, costs, import of Great Expectations", Kind.COSTED_JOB, _in_process("validated_run", "import")
    ),
    "validated": Subject(
        "main job, costs and validation", Kind.COSTED_JOB, _in_process("validated_run", "validate")
    ),
    "checked": Subject("main job, costs and validation, with Dagster", Kind.COSTED_JOB, _command("run")),
    "backfill": Subject("backfill with Dagster", Kind.COSTED_JOB, _recompute),
    "first_pages": Subject("first pages", Kind.PAGES, _pages("first")),
    "conversations": Subject("pages of a conversation", Kind.PAGES, _pages("conversation")),
    "deep_pages": Subject("pages from the fortieth on", Kind.PAGES, _pages("deep")),
    "api": Subject("eight clients with pauses", Kind.SERVER, _served("pauses")),
    "busy_api": Subject("eight clients without pauses", Kind.SERVER, _served("none")),
    "unit": Subject("ten million additions in Python", Kind.COMMAND, _additions),
    "run": Subject("`run --no-suites` of the aider log", Kind.LOG_JOB, _command("run", "--no-suites")),
    "demo": Subject("`demo`", Kind.COMMAND, _command("demo")),
    "help": Subject("`--help`", Kind.COMMAND, _help),
    "series": Subject("`series`", Kind.COMMAND, _command("series", "--tenant", "tenant-01")),
    "usage": Subject("`usage`", Kind.COMMAND, _command("usage")),
    "idle": Subject("`run` with nothing to do", Kind.COMMAND, _command("run")),
}
