"""`clean-up` prints what goes from each place, and its size before and after."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.errors import SettingsError
from usage_pipeline.settings import Settings


@pytest.fixture
def unfinished(settings: Settings) -> Path:
    """A file of four bytes that a killed writer left in 2020."""
    path = settings.data_dir / "lake" / "usage_records" / "event_day=2026-05-01" / ".usage_records.parquet.1f.part"
    path.parent.mkdir(parents=True)
    path.write_text("half")
    os.utime(path, (1_580_000_000, 1_580_000_000))
    return path


def places(printed: str) -> dict[str, dict[str, object]]:
    return {row.pop("place"): row for row in json.loads(printed)}


def test_a_dry_run_prints_what_would_go_and_removes_nothing(call: Callable[..., str], unfinished: Path) -> None:
    lake = places(call("clean-up", "--dry-run", "--format", "json"))["lake"]
    assert lake == {
        "kind": "temporary file",
        "removed": 1,
        "removed_bytes": 4,
        "bytes_before": 4,
        "bytes_after": None,
    }
    assert unfinished.exists()


def test_leftovers_are_removed_and_the_second_time_there_are_none(
    call: Callable[..., str], unfinished: Path
) -> None:
    first, second = (places(call("clean-up", "--format", "json")) for _ in range(2))
    assert first["lake"] == {
        "kind": "temporary file",
        "removed": 1,
        "removed_bytes": 4,
        "bytes_before": 4,
        "bytes_after": 0,
    }
    assert not unfinished.exists()
    assert {place: row["removed"] for place, row in second.items()} == {
        "landing": 0,
        "lake": 0,
        "rollups": 0,
        "tmp": 0,
        "run_output": 0,
        "warehouse": 0,
        "dagster_database": 0,
    }


@pytest.mark.usefixtures("unfinished")
def test_the_table_sums_up_what_went(call: Callable[..., str]) -> None:
    assert call("clean-up").startswith(
        "Removed: 1 temporary file, 0 outputs, 0 messages, 0 keys, 0 events, 4 bytes"
    )


def test_reports_are_measured_once_there_are_some(call: Callable[..., str], settings: Settings) -> None:
    report = settings.data_dir / "reports" / "may.csv"
    report.parent.mkdir(parents=True)
    report.write_text("total")
    assert places(call("clean-up", "--format", "json"))["reports"] == {
        "kind": "temporary file",
        "removed": 0,
        "removed_bytes": 0,
        "bytes_before": 5,
        "bytes_after": 5,
    }


def test_a_data_directory_that_is_not_there_is_an_error(call: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no data directory"):
        call("clean-up", "--data-dir", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
