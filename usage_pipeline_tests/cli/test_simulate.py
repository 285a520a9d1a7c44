"""The command `simulate`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from usage_pipeline.cli.app import app


def simulate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)], catch_exceptions=False)


SMALL = ("--days", 2, "--tenants", 3, "--events-per-day", 20)


def test_simulate_writes_a_data_directory_with_its_truth(tmp_path: Path) -> None:
    result = simulate(*SMALL, "--seed", 4, "--to", "2026-05-30", "--out", tmp_path / "out")
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert result.exit_code == 0
    assert truth["simulation"] == {
        "days": 2,
        "tenants": 3,
        "events_per_day": 20,
        "seed": 4,
        "last_day": "2026-05-30",
    }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["landing", "reference", "truth.json"]


def test_prompt_bytes_make_prompts_of_that_size(tmp_path: Path) -> None:
    simulate(*SMALL, "--prompt-bytes", 2000, "--to", "2026-05-30", "--out", tmp_path)
    lines = (tmp_path / "landing" / "persona" / "2026-05-29" / "events.jsonl").read_text().splitlines()
    assert {len(json.loads(line)["prompt"]) for line in lines if '"event":"persona_prompt","id"' in line} == {2000}


def test_without_to_the_last_day_is_yesterday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_NOW", "2026-06-01T08:00:00Z")
    simulate(*SMALL, "--out", tmp_path / "out")
    landing_days = sorted(path.name for path in (tmp_path / "out" / "landing" / "agent_runs").iterdir())
    assert landing_days == ["2026-05-30", "2026-05-31"]


def test_a_folder_that_has_logs_already_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "landing").mkdir()
    result = simulate(*SMALL, "--out", ".")
    assert result.exit_code == 2
    assert "it has a landing already" in " ".join(result.output.split())
    assert not (tmp_path / "truth.json").exists()


def test_fewer_than_three_tenants_are_a_wrong_call(tmp_path: Path) -> None:
    result = simulate("--tenants", 2, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_days_before_the_calendar_are_a_wrong_call(tmp_path: Path) -> None:
    result = simulate(*SMALL, "--to", "2022-05-30", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "first day 2022-05-29" in result.output
