"""The order in which days arrive, and who computes them, never shows in the digests."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.support import Deployment, first_days

DAYS = 3
Days = Sequence[tuple[str, bytes]]
Digests = dict[tuple[str, object], str | None]


@pytest.fixture(scope="module")
def days(aider_log: Path) -> Days:
    """Three landing days, each with the lines of one event day of the aider log and one late line."""
    lines = zstandard.decompress(first_days(aider_log, DAYS), max_output_size=1 << 26).splitlines(keepends=True)
    by_day: dict[int, list[bytes]] = {}
    for line in lines:
        by_day.setdefault(json.loads(line)["time"] // 86_400, []).append(line)
    late = lines[0]
    return [
        (f"2026-03-{number:02}", b"".join([*of_day, late]))
        for number, of_day in enumerate(by_day.values(), start=1)
    ]


def digests_after(deployment: Deployment, days: Days) -> Digests:
    """The digests when the days land one by one in this order, each computed before the next comes."""
    deployment.with_plans()
    with open_storage(deployment.settings) as storage:
        for day, content in days:
            deployment.place(content, day=day, name="events.jsonl")
            refresh(storage, PlainRunner(storage))
    return deployment.digests()


@pytest.fixture(scope="module")
def oldest_first(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]], days: Days
) -> Digests:
    """The digests when the days land in their order, computed by one process."""
    return digests_after(Deployment.create(tmp_path_factory.mktemp("oldest_first"), new_databases), days)


def test_days_that_land_newest_first_end_with_the_digests_of_oldest_first(
    new_deployment: Callable[[], Deployment], days: Days, oldest_first: Digests
) -> None:
    assert len(oldest_first) > DAYS
    assert digests_after(new_deployment(), days[::-1]) == oldest_first


def test_two_processes_at_once_end_with_the_digests_of_one(
    new_deployment: Callable[[], Deployment], days: Days, oldest_first: Digests
) -> None:
    together = new_deployment().with_plans()
    for day, content in days:
        together.place(content, day=day, name="events.jsonl")
    processes = [together.start("run", "--no-suites"), together.start("run", "--no-suites")]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert together.digests() == oldest_first
