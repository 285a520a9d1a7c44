"""A conversation stays counted once when its earlier days arrive later, or are pruned."""

import shutil
from datetime import date
from typing import Any

import pytest

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.series.tables import (
    CONVERSATION_SERIES,
    CONVERSATION_STARTS,
    CONVERSATIONS,
    DAILY_USAGE,
    MESSAGE_SERIES,
    TOKEN_SERIES,
)
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import Run, conversations, usage
from usage_pipeline_tests.support import Landing, compute_day, prompt

OLD, NEW = date(2026, 4, 1), date(2026, 5, 2)


def talk(record_id: str, time: str, **fields: object) -> dict[str, Any]:
    return prompt(record_id, time, conversationId="c1", **fields)


def test_an_earlier_record_of_the_day_that_lands_later_moves_the_conversation_to_its_dimensions(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [talk("e2", "2026-05-01T09:00:00Z", modelName="second")])
    run()
    landing.write("persona", "2026-05-02", [talk("e1", "2026-05-01T08:00:00Z", modelName="first")])
    run()
    assert usage(storage, "conversations", group_by=("model",)) == [("first", 1), ("second", 0)]


def test_an_earlier_day_that_lands_later_takes_a_conversation_off_every_later_day(
    storage: Storage, landing: Landing, run: Run
) -> None:
    for day in ("2026-01-20", "2026-04-30"):  # 100 days apart, so each began one
        landing.write("persona", day, [talk(f"e{day}", f"{day}T08:00:00Z")])
    run()
    assert conversations(storage, "2026-04-30", "2026-04-30") == [1]
    landing.write("persona", "2026-05-01", [talk("between", "2026-03-01T08:00:00Z")])
    run()
    assert conversations(storage, "2026-03-01", "2026-03-01") == [0]
    assert conversations(storage, "2026-04-30", "2026-04-30") == [0]


def prune(storage: Storage, day: date) -> None:
    """Remove the day's records and landed events from the lake, as their retention will."""
    for spec in (LANDED_EVENTS, EXCLUDED_EVENTS.spec, USAGE_RECORDS.spec, CONFLICTS.spec):
        shutil.rmtree(storage.lake.folder(spec, day))


@pytest.fixture
def _pruned(storage: Storage, landing: Landing, run: Run) -> None:
    """A conversation that began on a day of which only the rollups are left, and goes on."""
    landing.write("persona", str(OLD), [talk("e1", f"{OLD}T08:00:00Z")])
    run()
    prune(storage, OLD)
    lines = [talk("e2", f"{NEW}T08:00:00Z"), prompt("e3", f"{NEW}T08:00:00Z", conversationId="c2")]
    landing.write("persona", str(NEW), lines)
    land_days(storage, [NEW], "test")
    of_conversations = (CONVERSATIONS, CONVERSATION_STARTS, CONVERSATION_SERIES)
    for table in (EXCLUDED_EVENTS, USAGE_RECORDS, *of_conversations, DAILY_USAGE, TOKEN_SERIES, MESSAGE_SERIES):
        compute_day(storage, table, NEW, "test")


@pytest.mark.usefixtures("_pruned")
def test_a_conversation_that_began_on_a_pruned_day_is_not_counted_again(storage: Storage) -> None:
    assert conversations(storage, str(NEW), str(NEW)) == [1]  # c2


@pytest.mark.usefixtures("_pruned")
def test_the_pruned_day_keeps_its_count(storage: Storage) -> None:
    assert conversations(storage, str(OLD), str(OLD)) == [1]
