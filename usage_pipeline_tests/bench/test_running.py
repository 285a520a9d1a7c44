"""A small run of the benchmark itself: each subject in a process of its own, checked against the truth."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench.checking import check, counted
from bench.datasets import DAY, Prepared, datasets
from bench.errors import BenchError
from bench.load.mix import SHARES
from bench.measuring import run_of
from bench.real_log import lay_real_log
from bench.results import Results
from bench.running import Bench
from bench.sections import CASES as CASES_OF
from bench.sections import UNIT, Case, Section
from bench.subjects.catalogue import SUBJECTS, Job
from usage_pipeline_tests.support import shared

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the benchmark reads /proc and drops files by hand"
)

EVENTS = 3_000
CASES = [Case("day", subject) for subject in ("duckdb", "pandas", "costed")]


def forget_nothing(_: Path) -> None:
    """Leave the libraries in memory, where the tests that run meanwhile need them."""


def bench_in(folder: Path) -> Bench:
    return Bench(EVENTS, 1, folder, Console(file=io.StringIO(), width=140), forget_nothing)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return bench_in(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def found(bench: Bench) -> Results:
    """The subjects that need no package of the benchmark's own, once each."""
    return bench.run(CASES)


@pytest.fixture(scope="module")
def day(bench: Bench, found: Results) -> Prepared:
    """The logs that were measured on."""
    assert found.measured
    return Prepared(bench.work / "day")


def test_script_and_main_job_count_the_records_that_the_simulator_wrote(found: Results, day: Prepared) -> None:
    records = json.loads(day.truth.read_text())["totals"]["records"]
    assert [(entry.rows, entry.events) for entry in found.measured[1:]] == [(records, records)] * 2


def test_raw_conversion_keeps_duplicates_and_loses_no_more_than_bad_lines(found: Results, day: Prepared) -> None:
    truth = json.loads(day.truth.read_text())
    lines = sum(file["lines"] - file["blank"] for file in truth["files"].values())
    assert lines - sum(truth["rejects"].values()) <= found.measured[0].rows <= lines


def test_the_day_has_the_events_asked_for(found: Results) -> None:
    assert found.measured[0].events == pytest.approx(EVENTS, rel=0.02)


def test_every_run_says_time_memory_and_output(found: Results) -> None:
    for entry in found.measured:
        (run,) = entry.runs
        assert min(run.seconds, run.cpu_seconds, run.peak_bytes, run.output_bytes) > 0


def test_each_run_is_announced_with_its_time(bench: Bench, found: Results) -> None:
    lines = bench.console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO
    assert [line[:60].rstrip() for line in lines[-3:]] == [
        "  1/3  repetition 1  DuckDB, raw conversion, the day",
        "  2/3  repetition 1  pandas script, the day",
        "  3/3  repetition 1  main job and costs, the day",
    ]
    assert f"{found.measured[2].seconds:.2f} s" in lines[-1]


def test_a_command_on_an_empty_data_directory_is_measured_in_units(tmp_path: Path) -> None:
    found = bench_in(tmp_path).run([UNIT, Case("empty", "help")])
    unit, asked = found.measured
    assert (asked.events, asked.input_bytes, asked.rows, asked.output_bytes) == (0, 0, 0, 0)
    assert found.units(asked) == asked.cpu_seconds / unit.cpu_seconds


def test_the_real_log_is_laid_as_it_is_with_what_its_truth_says_of_each_day(tmp_path: Path) -> None:
    log = shared("data", "aider_analytics", "events.jsonl.zst")
    prepared = Prepared(tmp_path)
    lay_real_log(prepared)
    assert counted(prepared, datasets(EVENTS)["aider"]) == (39_572, log.stat().st_size)
    assert json.loads(prepared.truth.read_text())["days"]["2024-08-14"] == {
        "aider": {"prompts": 1, "tokens_in": 2054, "tokens_out": 370, "tokens_total": 2424}
    }


@pytest.mark.acceptance
def test_the_main_job_alone_counts_the_records_that_the_simulator_wrote(bench: Bench, day: Prepared) -> None:
    (entry,) = bench.run([Case("day", "main")]).measured
    assert entry.rows == entry.events == json.loads(day.truth.read_text())["totals"]["records"]


@pytest.mark.acceptance
def test_pages_of_lists_are_measured_one_by_one(tmp_path: Path) -> None:
    found = bench_in(tmp_path).run(CASES_OF[Section.LISTS])
    assert [entry.case.subject for entry in found.measured] == ["first_pages", "conversations", "deep_pages"]
    for entry in found.measured:
        assert entry.events == 90 * 75
        assert 0 < (entry.p50_ms or 0) <= (entry.p99_ms or 0)


@pytest.mark.acceptance
def test_a_server_answers_each_kind_of_request_and_its_data_is_found_again(tmp_path: Path) -> None:
    bench = replace(bench_in(tmp_path), kept=tmp_path / "kept")
    for found in (0, 1):
        (entry,) = bench.run(CASES_OF[Section.API][:1]).measured
        assert all(0 < p50 <= p99 for p50, p99 in map(entry.answered, SHARES))
        printed = bench.console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
        assert printed.count("Found all tables of 500 tenants of an earlier run") == found


@pytest.fixture
def job(tmp_path: Path, day: Prepared) -> Iterator[Job]:
    """A run of the pandas script."""
    with run_of(SUBJECTS["pandas"], datasets(EVENTS)["day"], day, tmp_path, forget_nothing) as (job, _):
        yield job


def test_other_numbers_than_the_truths_are_refused(job: Job, day: Prepared, tmp_path: Path) -> None:
    truth = json.loads(day.truth.read_text())
    truth["days"][str(DAY)]["tenant-03"]["tokens_in"] += 1
    other = Prepared(tmp_path / "other")
    other.folder.mkdir()
    other.truth.write_text(json.dumps(truth))
    with pytest.raises(BenchError, match=f"{DAY} tenant-03 tokens_in: found [0-9]+, expected [0-9]+"):
        check(SUBJECTS["pandas"], job, other)


def test_a_run_writes_to_a_copy_that_is_gone_when_it_is_over(day: Prepared, tmp_path: Path) -> None:
    before = sorted(day.folder.rglob("*"))
    with run_of(SUBJECTS["duckdb"], datasets(EVENTS)["day"], day, tmp_path) as (job, _):
        assert sorted(path.name for path in job.out.iterdir()) == [
            "agent_runs.parquet",
            "persona.parquet",
            "usage_statistics.parquet",
        ]
    assert (sorted(day.folder.rglob("*")), list(tmp_path.iterdir())) == (before, [])


def test_a_subject_that_fails_ends_the_benchmark_with_what_it_printed(day: Prepared, tmp_path: Path) -> None:
    (day.folder / "landing" / "persona" / str(DAY) / "more.jsonl").mkdir()
    try:
        with (
            pytest.raises(BenchError, match=r"(?s)pandas script failed:.*IsADirectoryError"),
            run_of(SUBJECTS["pandas"], datasets(EVENTS)["day"], day, tmp_path, forget_nothing),
        ):
            pass
    finally:
        (day.folder / "landing" / "persona" / str(DAY) / "more.jsonl").rmdir()
