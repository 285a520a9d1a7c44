"""`run`, `land` and `recompute`: what they say of their work, and how they end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.lines import LINES, write_three_days
from usage_pipeline_tests.support import Landing, prompt


def test_run_says_what_it_landed_and_computed_and_then_that_all_is_current(
    call: Callable[..., str], landing: Landing
) -> None:
    landing.write("persona", "2026-05-03", LINES[2:])
    first = call("run")
    assert "Landed 1 file of 1 landing day: 1 lines accepted, 1 rejected." in first
    assert "Computed 1 event day." in first
    assert call("run").strip() == "All days are current."


def test_run_says_how_many_billing_periods_it_closed(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-04-30", [prompt("e1", "2026-04-30T08:00:00Z")])
    assert "Closed 1 billing period." in call("run", "--no-suites")
    assert "acme, 2026-04-01 to 2026-04-30, closed 2026-06-01" in call(
        "statement", "--tenant", "acme", "--period", "2026-04"
    )


def test_a_file_that_cannot_be_read_ends_the_run_with_exit_code_3(
    call: Callable[..., str], landing: Landing
) -> None:
    landing.write("persona", "2026-05-01", LINES[:2])
    path = landing.write_bytes("persona", "2026-05-01", b"x" * 1000, name="torn.jsonl.gz")
    path.write_bytes(path.read_bytes()[:20])
    printed = call("run", "--no-suites", exit_code=3)
    assert "Landed 1 file of 1 landing day: 2 lines accepted, 0 rejected. 1 file cannot be used." in printed


def test_run_says_how_many_lines_contradict_an_earlier_one(call: Callable[..., str], landing: Landing) -> None:
    grown = {**LINES[0], "tokensOut": 999}
    landing.write("persona", "2026-05-01", [LINES[0], grown, LINES[1]])
    printed = call("run", "--no-suites")
    assert "1 line lost to an earlier line with the same id and other content." in printed
    assert "`usage-pipeline rejects` shows these lines." in printed
    assert "lost" not in call("run", "--no-suites")


def test_run_says_how_many_lines_could_not_be_compared(
    call: Callable[..., str], landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona = SOURCES.joinpath("persona.yaml").read_text()
    (tmp_path / "growing.yaml").write_text(f"{persona}repeats: greatest of $.no\n")
    monkeypatch.setenv("USAGE_FORMATS_DIR", str(tmp_path))
    landing.write("growing", "2026-05-01", [LINES[0], {**LINES[0], "no": 1}, LINES[0]])
    told = "2 of 2 superseded lines had no number by which `repeats` compares them; a line without one counts only"
    assert told in " ".join(call("run", "--no-suites").split())


def test_a_file_of_which_no_line_is_accepted_needs_attention(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", ["{"])
    call("run", "--no-suites", exit_code=3)


def test_land_says_which_days_it_leaves_to_compute(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", LINES[:2])
    assert "1 event day to compute: `usage-pipeline run` does." in call("land")


def test_land_and_recompute_take_inclusive_days(
    call: Callable[..., str], landing: Landing, run: Callable[[], object]
) -> None:
    write_three_days(landing)
    run()
    assert "Landed 2 files of 2 landing days" in call("land", "--from", "2026-05-02", "--to", "2026-05-03")
    assert "Computed 1 event day." in call("recompute", "--from", "2026-05-01", "--to", "2026-05-01")


def test_before_anything_landed_the_present_day_is_missing(call: Callable[..., str], settings: Settings) -> None:
    settings.data_dir.mkdir()
    printed = call("usage", "--metrics", "records,tokens_total", "--format", "csv")
    assert printed == "day,records,tokens_total\n2026-06-01,,\n"
