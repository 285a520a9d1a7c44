"""What the benchmark writes: the JSON, the README's table, the plot; and what is committed of it."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main

from bench.cli import app
from bench.errors import BenchError
from bench.measuring import ROOT
from bench.plot import specification
from bench.publishing import update_readme
from bench.report import rows
from bench.results import Failed, Results
from bench.sections import Case, Section
from usage_pipeline_tests.bench.support import measured, results

DAY = results(measured("day", "duckdb", 4.0, 4.1, 3.9), measured("day", "main", 15.0, 14.0, 15.2, gigabytes=1.5))


def test_a_table_shows_medians_ratio_speed_peak_and_noise() -> None:
    assert rows(DAY, Section.DAY) == [
        ("4 million events", "DuckDB, raw conversion", "4.00", "1.00", "1,000,000", "1,000 MB", "5%"),
        ("4 million events", "main job without Dagster", "15.00", "3.75", "266,667", "1,500 MB", "8%"),
    ]


def test_a_case_that_failed_has_a_row_without_numbers() -> None:
    failed = Failed(Case("day", "pandas"), 4_000_000)
    assert rows(replace(DAY, failed=(failed,)), Section.DAY)[1] == (
        *("4 million events", "pandas script", "failed", "–", "–", "–", "–"),
    )


def test_json_holds_what_the_tables_show_and_every_run() -> None:
    entry = DAY.as_json()["measured"][1]
    runs = entry.pop("runs")
    assert entry == {
        "dataset": "day",
        "subject": "main",
        "events": 4_000_000,
        "input_bytes": 1_290_000_000,
        "rows": 4_000_000,
        "seconds": 15.0,
        "noise": 0.08,
        "events_per_second": 266_667,
        "peak_bytes": 1_500_000_000,
        "output_bytes": 1000,
        "to_fastest_raw": 3.75,
    }
    assert [run["seconds"] for run in runs] == [15.0, 14.0, 15.2]


def test_results_read_from_their_json_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    found = replace(DAY, failed=(Failed(Case("text", "main"), 4_000_000),))
    path.write_text(json.dumps(found.as_json()))
    assert Results.read(path) == found


def test_readme_gets_machine_and_table_between_its_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Before\n<!-- bench -->\nold\n<!-- /bench -->\nAfter\n")
    update_readme(DAY, readme)
    text = readme.read_text()
    assert text.startswith("Before\n<!-- bench -->\nOn 2026-06-12: Abacus 1, 2 cores, 24.0 GB memory, ")
    assert "| 4 million events | main job without Dagster | 15.00 | 3.75 | 266,667 | 1,500 MB | 8% |\n" in text
    assert text.endswith("\n<!-- /bench -->\nAfter\n")


def test_a_readme_without_marks_is_refused(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Nothing\n")
    with pytest.raises(BenchError, match=r"README.md has no <!-- bench --> with <!-- /bench --> behind it"):
        update_readme(DAY, readme)


def test_the_plot_has_a_bar_per_subject_and_a_point_per_size_of_the_day() -> None:
    large = measured("fourfold", "main", 60.0, events=16_000_000)
    bars, growth = specification(results(*DAY.measured, large))["hconcat"]
    assert bars["data"]["values"] == [
        {"subject": "DuckDB, raw conversion", "seconds": 4.0, "is_main": False},
        {"subject": "main job without Dagster", "seconds": 15.0, "is_main": True},
    ]
    assert growth["data"]["values"] == [{"millions": 4.0, "seconds": 15.0}, {"millions": 16.0, "seconds": 60.0}]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_call_of_the_benchmark_in_a_document_is_one_that_it_accepts(name: str) -> None:
    command = typer.main.get_command(app)
    text = (ROOT / name).read_text(encoding="utf-8")
    for call in re.findall(r"python -m bench ([^`\n]*)", text):
        command.make_context("bench", shlex.split(call))


def test_readme_and_help_of_make_name_the_benchmark() -> None:
    assert "`make bench`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^bench: .*## Measure ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
