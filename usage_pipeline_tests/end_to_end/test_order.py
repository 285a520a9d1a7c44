"""The order in which days arrive, and who computes them, never shows in the digests."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.support import Deployment, first_days
from usage_pipeline_tests.support import Landing, prompt

DAYS = 3
RECORDS = "usage_records"
Days = Sequence[tuple[str, bytes, list[dict[str, Any]]]]
Digests = dict[tuple[str, object], str | None]


@pytest.fixture(scope="module")
def days(aider_log: Path) -> Days:
    """Three landing days, each with the lines of one event day of the aider log, one late line, and prompts."""
    lines = zstandard.decompress(first_days(aider_log, DAYS), max_output_size=1 << 26).splitlines(keepends=True)
    by_day: dict[int, list[bytes]] = {}
    for line in lines:
        by_day.setdefault(json.loads(line)["time"] // 86_400, []).append(line)
    late = lines[0]
    return [
        (str(march(number)), b"".join([*of_day, late]), prompts(number))
        for number, of_day in enumerate(by_day.values(), start=1)
    ]


def prompts(number: int) -> list[dict[str, Any]]:
    """Two of a day, and those of the day before once more: after midnight, and with the time of a day earlier."""
    day = march(number)
    return [
        prompt(f"a{number}", f"{day}T23:59:59Z"),
        prompt(f"b{number}", f"{day}T12:00:00Z"),
        prompt(f"a{number - 1}", f"{day}T00:00:01Z"),
        prompt(f"b{number - 1}", f"{march(number - 2)}T12:00:00Z"),
    ]


def march(number: int) -> date:
    return date(2026, 2, 28) + timedelta(days=number)


def place(deployment: Deployment, day: str, log: bytes, lines: list[dict[str, Any]]) -> None:
    deployment.place(log, day=day, name="events.jsonl")
    Landing(deployment.settings.landing).write("persona", day, lines)


@pytest.fixture(scope="module")
def newest_first(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]], days: Days
) -> Digests:
    """The digests when the newest day lands first, and one process computes each before the next comes."""
    deployment = Deployment.create(tmp_path_factory.mktemp("newest_first"), new_databases).with_plans()
    with open_storage(deployment.settings) as storage:
        for day in days[::-1]:
            place(deployment, *day)
            refresh(storage, PlainRunner(storage))
    return deployment.digests()


def test_prompts_that_are_retried_on_days_nearby_count_once(newest_first: Digests) -> None:
    rows = {day: str(digest).split(":")[0] for (table, day), digest in newest_first.items() if table == RECORDS}
    expected = {-1: "1", 0: "0", 1: "3", 2: "2", 3: "2"}
    assert {number: rows[march(number)] for number in expected} == expected


def test_two_processes_that_find_all_days_end_with_the_digests_of_days_that_came_newest_first(
    new_deployment: Callable[[], Deployment], days: Days, newest_first: Digests
) -> None:
    together = new_deployment().with_plans()
    for day in days:
        place(together, *day)
    processes = [together.start("run", "--no-suites"), together.start("run", "--no-suites")]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert len(newest_first) > DAYS
    assert together.digests() == newest_first
