"""A quarantined file that somebody admits: it counts from then on, for as long as its content is the same."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.events.landing.decisions import release
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import tokens
from usage_pipeline_tests.support import Landing, files, prompt, rows

Run = Callable[[], object]
PATH = "persona/2026-05-01/events.jsonl"
TIME = "2026-05-01T08:00:00Z"


def mixed(bad_line: str = "{") -> list[dict[str, Any] | str]:
    """90 good lines of 120 tokens each, and 10 bad ones."""
    return [*(prompt(f"e{number}", TIME) for number in range(90)), *[bad_line] * 10]


@pytest.fixture(autouse=True)
def _quarantined(landing: Landing, run_to_series: Run) -> None:
    landing.write("persona", "2026-05-01", mixed())
    run_to_series()


def what_is_known(storage: Storage) -> tuple[FileState, str | None]:
    file = files(storage)["events.jsonl"]
    return file.state, file.error


def test_what_it_brought_counts_after_the_release_and_not_before(storage: Storage, run_to_series: Run) -> None:
    assert tokens(storage, "2026-05-01", "2026-05-01") == [None]  # it is the only file of its day
    release(storage, PATH, "the rest is fine", "ann")
    run_to_series()
    assert tokens(storage, "2026-05-01", "2026-05-01") == [90 * 120]


def test_it_is_landed_and_its_rejected_lines_stay_rejected(storage: Storage) -> None:
    release(storage, PATH, "the rest is fine", "ann")
    file = files(storage)["events.jsonl"]
    assert (file.state, file.error) == (FileState.LANDED, None)
    assert (file.accepted, file.rejected) == (90, 10)


def change_format(add_format: Callable[[str, str], Path]) -> None:
    persona = (SOURCES / "persona.yaml").read_text(encoding="utf-8")
    add_format("persona", persona + "input_includes_cached: false\n")


def test_it_stays_released_when_its_day_lands_again_by_another_format(
    storage: Storage, run_to_series: Run, land: Callable[[str], None], add_format: Callable[[str, str], Path]
) -> None:
    release(storage, PATH, "the rest is fine", "ann")
    before = files(storage)["events.jsonl"].object_name
    change_format(add_format)
    land("2026-05-01")
    run_to_series()
    assert files(storage)["events.jsonl"].object_name != before
    assert what_is_known(storage) == (FileState.LANDED, None)
    assert tokens(storage, "2026-05-01", "2026-05-01") == [90 * 120]


def test_it_stays_released_when_its_day_lands_again_by_other_rules(
    storage: Storage, land: Callable[[str], None], add_reference: Callable[[str, str], None]
) -> None:
    release(storage, PATH, "the rest is fine", "ann")
    before = files(storage)["events.jsonl"].object_name
    add_reference("plans", "short: {retention_days: 10}\ndefault: short\n")
    land("2026-05-01")
    assert files(storage)["events.jsonl"].object_name != before
    assert what_is_known(storage) == (FileState.LANDED, None)


def test_it_stays_released_when_the_lake_is_rebuilt(storage: Storage, run_to_series: Run) -> None:
    release(storage, PATH, "the rest is fine", "ann")
    shutil.rmtree(storage.settings.data_dir / "lake")
    run_to_series()
    assert what_is_known(storage) == (FileState.LANDED, None)
    assert len(rows(storage, USAGE_RECORDS.spec, "record_id")) == 90


def test_delivered_with_other_bad_content_it_is_quarantined_again(
    storage: Storage, landing: Landing, run_to_series: Run
) -> None:
    release(storage, PATH, "the rest is fine", "ann")
    run_to_series()
    landing.write("persona", "2026-05-01", mixed("[]"))
    run_to_series()
    assert what_is_known(storage) == (
        FileState.QUARANTINED,
        "10.0% of its lines were rejected for other reasons than age, more than 5.0%",
    )
    assert tokens(storage, "2026-05-01", "2026-05-01") == [None]
