"""The order in which landing days are processed never shows: not in a total, not in a digest."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.support import Landing, digests, prompt

Digests = dict[tuple[str, date], str | None]


def talk(record_id: str, time: str, conversation: str, **fields: object) -> dict[str, Any]:
    return prompt(record_id, f"2026-05-{time}:00:00Z", conversationId=conversation, **fields)


LANDING_DAYS: dict[str, list[dict[str, Any]]] = {
    "2026-05-01": [
        talk("e1", "01T08", "c1", modelName="m1"),
        talk("e2", "01T09", "c2"),
        talk("e2", "01T09", "c2"),  # a duplicate
    ],
    "2026-05-02": [
        talk("e3", "02T08", "c1"),
        talk("e1", "01T08", "c1", modelName="m2"),  # a conflict with what landed the day before
    ],
    "2026-05-03": [
        talk("e4", "03T08", "c3", tenantId="zeta"),
        talk("e5", "03T09", "c4"),
    ],
    "2026-05-04": [
        talk("e6", "02T07", "c4", modelName="m1"),  # late, and takes a conversation from the next day
        talk("e3", "02T08", "c1"),  # a late duplicate
        talk("e7", "01T07", "c3", tenantId="zeta"),
    ],
}


@pytest.fixture
def process(new_settings: Callable[..., Settings], open_on: OpenOn) -> Callable[[list[list[str]]], Digests]:
    """Lands the days group by group, running the pipeline after each, in a storage of its own."""

    def run(groups: list[list[str]]) -> Digests:
        settings = new_settings()
        with open_on(settings) as storage:
            for group in groups:
                for day in group:
                    Landing(settings.landing).write("persona", day, LANDING_DAYS[day])
                refresh(storage, PlainRunner(storage))
            assert find_stale(storage) == {}
            return digests(storage)

    return run


@pytest.fixture(scope="module")
def at_once(open_shared: Callable[..., Storage]) -> Storage:
    """A storage in which all days have landed together."""
    storage = open_shared()
    for day, lines in LANDING_DAYS.items():
        Landing(storage.settings.landing).write("persona", day, lines)
    refresh(storage, PlainRunner(storage))
    return storage


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([["2026-05-04"], ["2026-05-03"], ["2026-05-02"], ["2026-05-01"]], id="newest first"),
        pytest.param([["2026-05-02"], ["2026-05-04", "2026-05-01"], ["2026-05-03"]], id="mixed"),
    ],
)
def test_days_that_come_one_by_one_give_the_digests_of_days_that_come_at_once(
    process: Callable[[list[list[str]]], Digests], order: list[list[str]], at_once: Storage
) -> None:
    assert find_stale(at_once) == {}
    assert process(order) == digests(at_once)


def test_the_example_has_duplicates_conflicts_and_late_records(at_once: Storage) -> None:
    with at_once.warehouse.connect() as connection:
        partitions = state.partitions(connection, USAGE_RECORDS.name).values()
    counts = [(partition.duplicates, partition.conflicts, partition.late_records) for partition in partitions]
    assert sorted(counts) == [(0, 0, 0), (1, 0, 1), (1, 1, 1)]
