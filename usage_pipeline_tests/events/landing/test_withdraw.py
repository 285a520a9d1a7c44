"""A landed file that somebody takes back: exactly what it brought is gone, until somebody releases it."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.events.landing.decisions import release, withdraw
from usage_pipeline.settings import Settings
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import line_tallies
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.series.reading import conversations, tokens
from usage_pipeline_tests.support import Landing, digests, files, prompt

Run = Callable[[], object]
PATH = "persona/2026-05-02/wrong.jsonl"
DAYS = ("2026-05-01", "2026-05-02")


def talk(record_id: str, time: str, **fields: object) -> dict[str, Any]:
    return prompt(record_id, f"{time}:00:00Z", conversationId="c1", **fields)


@pytest.fixture(autouse=True)
def _two_files(landing: Landing, run_to_series: Run, prepare: Prepare) -> None:
    """One that stays, and one whose first line began their conversation and whose last the other repeats."""
    wrong = [talk("w1", "2026-05-01T08"), talk("w2", "2026-05-02T07", tokensIn=1), talk("e1", "2026-05-02T09")]
    landing.write("persona", "2026-05-02", wrong, name="wrong.jsonl")
    landing.write("persona", "2026-05-03", [talk("e1", "2026-05-02T09")], name="stays.jsonl")
    prepare("two_files", run_to_series)


def tallies(storage: Storage) -> list[tuple[date, str, int, int, int]]:
    """Day, name of the file, lines landed, records and duplicates."""
    table = line_tallies.c
    columns = (table.day, table.path, table.landed, table.records, table.duplicates)
    with storage.warehouse.connect() as connection:
        found = connection.execute(line_tallies.select().with_only_columns(*columns).order_by(*columns))
        return [(day, Path(path).name, *counts) for day, path, *counts in found]


def test_the_series_lose_exactly_its_rows(storage: Storage, run_to_series: Run) -> None:
    assert tokens(storage, *DAYS) == [120, 141]
    withdraw(storage, PATH, "wrong tenant", "ann")
    run_to_series()
    assert tokens(storage, *DAYS) == [0, 120]


def test_a_conversation_that_it_began_begins_with_what_is_left(storage: Storage, run_to_series: Run) -> None:
    assert conversations(storage, *DAYS) == [1, 0]
    withdraw(storage, PATH, "wrong tenant", "ann")
    run_to_series()
    assert conversations(storage, *DAYS) == [0, 1]


def test_its_accounts_disappear_and_a_duplicate_of_its_line_becomes_the_record(
    storage: Storage, run_to_series: Run
) -> None:
    assert tallies(storage) == [
        (date(2026, 5, 1), "wrong.jsonl", 1, 1, 0),
        (date(2026, 5, 2), "wrong.jsonl", 2, 2, 0),
        (date(2026, 5, 2), "stays.jsonl", 1, 0, 1),
    ]
    withdraw(storage, PATH, "wrong tenant", "ann")
    run_to_series()
    assert tallies(storage) == [(date(2026, 5, 2), "stays.jsonl", 1, 1, 0)]


def test_the_file_says_by_whom_and_why(storage: Storage) -> None:
    withdraw(storage, PATH, " wrong tenant ", "ann")
    file = files(storage)["wrong.jsonl"]
    assert (file.state, file.error) == (FileState.WITHDRAWN, "withdrawn by ann: wrong tenant")


def test_a_withdrawn_file_needs_no_attention(storage: Storage) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    assert not files(storage)["wrong.jsonl"].state.needs_attention


def test_it_stays_withdrawn_when_its_day_lands_again(
    storage: Storage, run_to_series: Run, land: Callable[[str], None]
) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    land("2026-05-02")
    run_to_series()
    assert tokens(storage, *DAYS) == [0, 120]


def test_it_stays_withdrawn_when_its_day_lands_again_by_another_format(
    storage: Storage, run_to_series: Run, land: Callable[[str], None], add_format: Callable[[str, str], Path]
) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    persona = (SOURCES / "persona.yaml").read_text(encoding="utf-8")
    add_format("persona", persona + "input_includes_cached: false\n")
    land("2026-05-02")
    run_to_series()
    file = files(storage)["wrong.jsonl"]
    assert (file.state, file.error) == (FileState.WITHDRAWN, "withdrawn by ann: wrong tenant")
    assert tokens(storage, *DAYS) == [0, 120]


def test_it_stays_withdrawn_when_the_lake_is_rebuilt(storage: Storage, run_to_series: Run) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    shutil.rmtree(storage.settings.data_dir / "lake")
    run_to_series()
    assert files(storage)["wrong.jsonl"].state == FileState.WITHDRAWN
    assert tokens(storage, *DAYS) == [0, 120]


def test_it_stays_withdrawn_when_it_is_whole_again_after_it_could_not_be_read(
    storage: Storage, settings: Settings, run_to_series: Run
) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    file = settings.landing / PATH
    whole = file.read_bytes()
    file.write_bytes(b"\xff\xfe" + whole)
    run_to_series()
    assert files(storage)["wrong.jsonl"].state is FileState.FAILED
    file.write_bytes(whole)
    run_to_series()
    assert files(storage)["wrong.jsonl"].error == "withdrawn by ann: wrong tenant"
    assert tokens(storage, *DAYS) == [0, 120]


def test_delivered_with_other_content_it_lands(storage: Storage, landing: Landing, run_to_series: Run) -> None:
    withdraw(storage, PATH, "wrong tenant", "ann")
    landing.write("persona", "2026-05-02", [talk("w2", "2026-05-02T07", tokensIn=3)], name="wrong.jsonl")
    run_to_series()
    assert (files(storage)["wrong.jsonl"].state, files(storage)["wrong.jsonl"].error) == (FileState.LANDED, None)
    assert tokens(storage, *DAYS) == [0, 143]


def test_released_again_everything_is_as_it_was(storage: Storage, run_to_series: Run) -> None:
    before = digests(storage)
    withdraw(storage, PATH, "wrong tenant", "ann")
    run_to_series()
    release(storage, PATH, "it was right", "bob")
    run_to_series()
    assert digests(storage) == before


def test_a_quarantined_file_can_be_withdrawn_and_is_not_admitted_by_that(
    storage: Storage, landing: Landing, run_to_series: Run
) -> None:
    bad = [*(prompt(f"q{number}", "2026-05-02T08:00:00Z") for number in range(90)), *["{"] * 10]
    landing.write("persona", "2026-05-02", bad, name="bad.jsonl")
    run_to_series()
    withdraw(storage, "persona/2026-05-02/bad.jsonl", "all of it is wrong", "ann")
    run_to_series()
    assert files(storage)["bad.jsonl"].state == FileState.WITHDRAWN
    assert tokens(storage, *DAYS) == [120, 141]
