"""`run`, `land` and `recompute`: what they say of their work, and how they end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.lines import LINES, write_three_days
from usage_pipeline_tests.support import Landing, prompt


def test_days_are_landed_and_computed_once_and_then_again_when_people_ask_for_inclusive_days(
    call: Callable[..., str], landing: Landing
) -> None:
    write_three_days(landing)
    first = call("run")
    assert "Landed 3 files of 3 landing days: 4 lines accepted, 1 rejected." in first
    assert "Computed 3 event days." in first
    assert call("run").strip() == "All days are current."
    assert "Landed 2 files of 2 landing days" in call("land", "--from", "2026-05-02", "--to", "2026-05-03")
    assert "Computed 1 event day." in call(
        "recompute", "--no-suites", "--from", "2026-05-01", "--to", "2026-05-01"
    )


def test_run_says_what_people_should_know_of_files_lines_and_periods(
    call: Callable[..., str], landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona = SOURCES.joinpath("persona.yaml").read_text()
    (tmp_path / "growing.yaml").write_text(f"{persona}repeats: greatest of $.no\n")
    monkeypatch.setenv("USAGE_FORMATS_DIR", str(tmp_path))
    landing.write("persona", "2026-04-30", [prompt("april", "2026-04-30T08:00:00Z")])
    landing.write("persona", "2026-05-01", [LINES[0], {**LINES[0], "tokensOut": 999}, LINES[1]])
    landing.write("growing", "2026-05-01", [LINES[0], {**LINES[0], "no": 1}, LINES[0]])
    torn = landing.write_bytes("persona", "2026-05-10", b"x" * 1000, name="torn.jsonl.gz")
    torn.write_bytes(torn.read_bytes()[:20])
    printed = " ".join(call("run", "--no-suites", exit_code=3).split())
    assert "Landed 3 files of 3 landing days: 5 lines accepted, 0 rejected. 1 file cannot be used." in printed
    assert "1 line lost to an earlier line with the same id and other content." in printed
    assert "`usage-pipeline rejects` shows these lines." in printed
    told = "2 of 2 superseded lines had no number by which `repeats` compares them; a line without one counts only"
    assert told in printed
    assert "Closed 1 billing period." in printed
    assert "lost" not in call("run", "--no-suites")
    assert "acme, 2026-04-01 to 2026-04-30, closed 2026-06-01" in call(
        "statement", "--tenant", "acme", "--period", "2026-04"
    )


def test_a_file_of_which_no_line_is_accepted_needs_attention(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", ["{"])
    call("run", "--no-suites", exit_code=3)


def test_land_says_which_days_it_leaves_to_compute(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", LINES[:2])
    assert "1 event day to compute: `usage-pipeline run` does." in call("land")


def test_before_anything_landed_the_present_day_is_missing(call: Callable[..., str], settings: Settings) -> None:
    settings.data_dir.mkdir()
    printed = call("usage", "--metrics", "records,tokens_total", "--format", "csv")
    assert printed == "day,records,tokens_total\n2026-06-01,,\n"
