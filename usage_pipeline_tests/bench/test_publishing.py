"""What the benchmark writes: the JSON, the page's table, the plot; and what is committed of it."""

import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main
from rich.console import Console

from bench.cli import app, without_log
from bench.errors import BenchError
from bench.measuring import ROOT
from bench.plot import specification
from bench.publishing import update_page
from bench.report import print_results, rows
from bench.results import Failed, Results
from bench.sections import Case, Section
from usage_pipeline_tests.bench.support import answering, measured, results, serving

DAY = results(measured("day", "duckdb", 4.0, 4.1, 3.9), measured("day", "main", 15.0, 14.0, 15.2, gigabytes=1.5))
SMALL = results(
    measured("empty", "unit", 0.5, events=0),
    measured("empty", "help", 0.2, 0.3, 0.2, events=0),
    measured("demo", "usage", 0.6, events=300_000),
)
LISTS = results(
    answering("first_pages", (2.0, 20.0), gigabytes=0.5),
    measured("listed", "deep_pages", 9.0, events=9_000_000),
)


def test_a_table_shows_medians_ratio_speed_peak_and_noise() -> None:
    assert rows(DAY, Section.DAY) == [
        ("4 million events", "DuckDB, raw conversion", "4.00", "1.00", "1,000,000", "1,000 MB", "5%"),
        ("4 million events", "main job without Dagster", "15.00", "3.75", "266,667", "1,500 MB", "8%"),
    ]


def test_the_table_of_what_is_small_shows_processor_seconds_and_units() -> None:
    assert rows(SMALL, Section.SMALL) == [
        ("nothing", "ten million additions in Python", "0.50", "1.00", "0.50", "1,000 MB", "0%"),
        ("nothing", "`--help`", "0.20", "0.40", "0.20", "1,000 MB", "50%"),
        ("data of the demo, 300,000 events", "`usage`", "0.60", "1.20", "0.60", "1,000 MB", "0%"),
    ]


def test_the_table_of_lists_shows_how_long_pages_take_and_the_memory_of_the_process() -> None:
    assert rows(LISTS, Section.LISTS) == [
        ("90 days of 500 tenants, 9 million events", "first pages", "2.0 ms", "20.0 ms", "250 MB", "0%"),
        ("90 days of 500 tenants, 9 million events", "pages from the fortieth on", "–", "–", "750 MB", "0%"),
    ]


def test_the_page_gets_lists_at_its_end(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("<!-- bench -->\n<!-- /bench -->\n")
    update_page(replace(LISTS, measured=(*DAY.measured, *LISTS.measured)), page)
    assert page.read_text().endswith(
        "Pages have up to 100 records, and are asked for by eight threads of one process, whose memory is "
        "shown.\n\n"
        "| Data | Subject | Half within | 99 % within | Peak memory | Noise |\n"
        "| --- | --- | ---: | ---: | ---: | ---: |\n"
        "| 90 days of 500 tenants, 9 million events | first pages | 2.0 ms | 20.0 ms | 250 MB | 0% |\n"
        "| 90 days of 500 tenants, 9 million events | pages from the fortieth on | – | – | 750 MB | 0% |\n"
        "<!-- /bench -->\n"
    )


def test_the_page_says_what_kinds_of_requests_took_of_a_server(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("<!-- bench -->\n<!-- /bench -->\n")
    (tmp_path / "results.json").write_text(json.dumps(results(serving(25.0)).as_json()))
    update_page(Results.read(tmp_path / "results.json"), page)
    assert (
        "Eight clients with pauses send a warm server 120 requests a second. Of the processor a request takes "
        "9.0 ms in the server, 1.5 ms in the database, 0.5 ms in the clients. "
        "The server takes up to 250 MB, the database 250 MB.\n\n"
        "| Clients | Request | Of 100 | Half within | 99 % within |\n"
        "| --- | --- | ---: | ---: | ---: |\n"
        "| eight clients with pauses | series of 90 days | 30 | 2.0 ms | 25.0 ms |\n"
    ) in page.read_text()


def test_json_holds_the_units_of_what_is_small() -> None:
    assert [entry["units"] for entry in SMALL.as_json()["measured"]] == [1.0, 0.4, 1.2]


def test_the_page_gets_what_is_small_below_the_plot_with_its_unit(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("<!-- bench -->\n<!-- /bench -->\n")
    update_page(replace(SMALL, measured=(*DAY.measured, *SMALL.measured)), page)
    _, below = page.read_text().split("(../bench/results.png)\n\n")
    assert below == (
        "What is small is measured in processor seconds, user and system, of the command, its children "
        "and the database that it starts. "
        "A unit is those of ten million additions in a loop of `python -c`, here 0.50.\n\n"
        "| Data | Subject | Processor seconds | Units | Seconds | Peak memory | Noise |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
        "| nothing | ten million additions in Python | 0.50 | 1.00 | 0.50 | 1,000 MB | 0% |\n"
        "| nothing | `--help` | 0.20 | 0.40 | 0.20 | 1,000 MB | 50% |\n"
        "| data of the demo, 300,000 events | `usage` | 0.60 | 1.20 | 0.60 | 1,000 MB | 0% |\n"
        "<!-- /bench -->\n"
    )


def test_what_is_printed_says_the_unit_and_the_machine() -> None:
    console = Console(file=io.StringIO(), width=300)
    print_results(console, SMALL, [], [Section.SMALL])
    *_, unit, machine = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO
    assert unit.endswith("A unit is those of ten million additions in a loop of `python -c`, here 0.50.")
    assert machine == (
        "On 2026-06-12: Abacus 1, 2 cores, 24.0 GB memory, Linux x86_64, Python 3.11.7; duckdb 2.0.0."
    )


def test_without_its_log_a_subject_is_left_out_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert without_log([Section.SMALL], tmp_path / "events.jsonl.zst") == ["run"]
    assert capsys.readouterr().out.startswith("Left out: the aider log, which is not beside the checkout: ../")


def test_a_log_that_is_there_or_not_asked_for_is_not_spoken_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").touch()
    found = [without_log([Section.SMALL], tmp_path / "log"), without_log([Section.DAY], tmp_path / "none")]
    assert (found, capsys.readouterr().out) == ([[], []], "")


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
        "cpu_seconds": 15.0,
        "events_per_second": 266_667,
        "peak_bytes": 1_500_000_000,
        "output_bytes": 1000,
        "p50_ms": None,
        "p99_ms": None,
        "to_fastest_raw": 3.75,
        "units": None,
    }
    assert [run["seconds"] for run in runs] == [15.0, 14.0, 15.2]


def test_results_read_from_their_json_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    found = replace(DAY, failed=(Failed(Case("text", "main"), 4_000_000),))
    path.write_text(json.dumps(found.as_json()))
    assert Results.read(path) == found


def test_the_page_gets_machine_and_table_between_its_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("Before\n<!-- bench -->\nold\n<!-- /bench -->\nAfter\n")
    update_page(DAY, page)
    text = page.read_text()
    assert text.startswith("Before\n<!-- bench -->\nOn 2026-06-12: Abacus 1, 2 cores, 24.0 GB memory, ")
    assert "| 4 million events | main job without Dagster | 15.00 | 3.75 | 266,667 | 1,500 MB | 8% |\n" in text
    assert text.endswith("\n<!-- /bench -->\nAfter\n")


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("Nothing\n")
    with pytest.raises(BenchError, match=r"benchmarks.md has no <!-- bench --> followed by <!-- /bench -->"):
        update_page(DAY, page)


def test_the_plot_has_a_bar_per_subject_and_a_point_per_size_of_the_day() -> None:
    large = measured("fourfold", "main", 60.0, events=16_000_000)
    bars, growth = specification(results(*DAY.measured, large))["hconcat"]
    assert bars["data"]["values"] == [
        {"subject": "DuckDB, raw conversion", "seconds": 4.0, "is_main": False},
        {"subject": "main job without Dagster", "seconds": 15.0, "is_main": True},
    ]
    assert growth["data"]["values"] == [{"millions": 4.0, "seconds": 15.0}, {"millions": 16.0, "seconds": 60.0}]


@pytest.mark.parametrize("name", ["docs/benchmarks.md", "CONTRIBUTING.md"])
def test_every_call_of_the_benchmark_in_a_document_is_one_that_it_accepts(name: str) -> None:
    command = typer.main.get_command(app)
    text = (ROOT / name).read_text(encoding="utf-8")
    for call in re.findall(r"python -m bench ([^`\n]*)", text):
        command.make_context("bench", shlex.split(call))


def test_the_page_and_help_of_make_name_the_benchmark() -> None:
    assert "`make bench`" in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert re.search(r"^bench: .*## Measure ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
