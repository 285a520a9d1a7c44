"""A conversation counts once, on the day of its earliest record, under that record's dimensions."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from usage_pipeline.registry import NONE
from usage_pipeline.series.tables import CONVERSATIONS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run, conversations, usage
from usage_pipeline_tests.support import Landing, prompt, rows


def talk(record_id: str, time: str, conversation: str = "c1", **fields: object) -> dict[str, Any]:
    return prompt(record_id, time, conversationId=conversation, **fields)


def test_a_conversation_counts_once_however_many_records_it_has(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [talk(f"e{hour}", f"2026-05-01T0{hour}:00:00Z") for hour in range(5)])
    run()
    assert conversations(storage, "2026-05-01", "2026-05-01") == [1]


def test_a_conversation_across_midnight_counts_on_its_first_day(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [talk("e1", "2026-05-01T23:59:59.999999Z"), talk("e2", "2026-05-02T00:00:00Z")]
    landing.write("persona", "2026-05-02", lines)
    run()
    assert conversations(storage, "2026-05-01", "2026-05-02") == [1, 0]


def test_an_earlier_day_that_arrives_later_takes_the_count(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-03", [talk("e2", "2026-05-03T08:00:00Z")])
    run()
    assert conversations(storage, "2026-05-03", "2026-05-03") == [1]
    landing.write("persona", "2026-05-04", [talk("e1", "2026-05-02T08:00:00Z")])
    run()
    assert conversations(storage, "2026-05-02", "2026-05-03") == [1, 0]


def first_and_second_count(storage: Storage, landing: Landing, run: Run, days_between: int) -> list[int]:
    days = [date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days_between)]
    for number in days:
        landing.write("persona", f"{number}", [talk(f"e{number}", f"{number}T08:00:00Z")])
    run()
    return [usage(storage, "conversations", days=(number, number))[0][0] for number in days]


@pytest.mark.parametrize(("days_between", "counts"), [(1, [1, 0]), (90, [1, 0]), (91, [1, 1])])
def test_a_conversation_is_new_after_the_look_back(
    storage: Storage, landing: Landing, run: Run, days_between: int, counts: list[int]
) -> None:
    assert first_and_second_count(storage, landing, run, days_between) == counts


def test_the_look_back_starts_anew_with_every_record(storage: Storage, landing: Landing, run: Run) -> None:
    for number in ("2026-01-01", "2026-03-01", "2026-05-01"):
        landing.write("persona", number, [talk(f"e{number}", f"{number}T08:00:00Z")])
    run()
    assert usage(storage, "conversations", days=(date(2026, 1, 1), date(2026, 5, 1))) == [(1,)]


DIMENSIONS = {"model": "modelName", "member_id": "userId", "project": "project", "feature": "feature"}
"""Dimensions of conversations, and their fields."""


@pytest.fixture(scope="module")
def two_records(computed: Callable[..., Storage]) -> Storage:
    """A conversation of two records; all dimensions of the one are `earliest`, all of the other `later`."""
    lines = [
        talk("e1", "2026-05-01T09:00:00Z", **dict.fromkeys(DIMENSIONS.values(), "later")),
        talk("e2", "2026-05-01T08:00:00Z", **dict.fromkeys(DIMENSIONS.values(), "earliest")),
    ]
    return computed({("persona", "2026-05-01"): lines})


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_conversation_has_the_dimensions_of_its_earliest_record(two_records: Storage, dimension: str) -> None:
    assert usage(two_records, "conversations", group_by=(dimension,)) == [("earliest", 1), ("later", 0)]


def test_of_two_records_at_one_time_the_lower_id_decides(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [talk(name, "2026-05-01T08:00:00Z", modelName=f"model of {name}") for name in ("e2", "e1")]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert usage(storage, "conversations", where=(("model", "model of e1"),)) == [(1,)]


def test_a_conversation_without_a_value_is_in_the_group_none(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [
        talk("e1", "2026-05-01T08:00:00Z"),
        talk("e2", "2026-05-01T09:00:00Z", modelName="model of a later record"),
    ]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert usage(storage, "conversations", where=(("model", NONE),)) == [(1,)]


def test_a_session_is_no_conversation(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z", sessionId="s1")])
    run()
    assert conversations(storage, "2026-05-01", "2026-05-01") == [0]


def test_the_same_conversation_id_of_another_tenant_is_another_conversation(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [talk("e1", "2026-05-01T08:00:00Z", tenantId=tenant) for tenant in ("acme", "zeta")]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert usage(storage, "conversations", group_by=("tenant",)) == [("acme", 1), ("zeta", 1)]


def test_the_same_conversation_id_from_another_source_is_another_conversation(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [talk("e1", "2026-05-01T08:00:00Z")])
    landing.write("generic", "2026-05-02", [line("e1", "event", "2026-05-02T08:00:00Z", conversation_id="c1")])
    run()
    assert usage(storage, "conversations", group_by=("source",)) == [("generic", 1), ("persona", 1)]


def test_a_conversation_record_without_an_id_adds_its_count(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [line("e1", "conversation", count=3), line("e2", "conversation"), line("e3", "event", count=9)]
    landing.write("generic", "2026-05-01", lines)
    run()
    assert conversations(storage, "2026-05-01", "2026-05-01") == [4]


def test_counts_of_conversations_without_ids_are_new_on_every_day(
    storage: Storage, landing: Landing, run: Run
) -> None:
    for number in ("2026-05-01", "2026-05-02"):
        landing.write("generic", number, [line("e1", "conversation", f"{number}T08:00:00Z", count=2)])
    run()
    assert conversations(storage, "2026-05-01", "2026-05-02") == [2, 2]


def test_a_conversation_record_with_an_id_is_a_record_of_that_conversation(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [
        line("e1", "conversation", count=5, conversation_id="c1"),
        line("e2", "event", "2026-05-01T09:00:00Z", conversation_id="c1"),
    ]
    landing.write("generic", "2026-05-01", lines)
    run()
    assert conversations(storage, "2026-05-01", "2026-05-01") == [1]


def test_conversation_ids_are_kept_as_digests_only(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [talk("e1", "2026-05-01T08:00:00Z", "a telling name")])
    run()
    ((digest,),) = rows(storage, CONVERSATIONS.spec, "conversation_digest")
    assert len(digest) == 64
    assert b"telling" not in storage.lake.object(CONVERSATIONS.spec, date(2026, 5, 1)).read_bytes()


def test_a_day_of_conversations_tells_first_and_last_time_and_records(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [talk(f"e{hour}", f"2026-05-01T0{hour}:00:00Z") for hour in (9, 7, 8)]
    landing.write("persona", "2026-05-01", lines)
    run()
    ((first, last, records),) = rows(storage, CONVERSATIONS.spec, "first_at", "last_at", "records")
    assert (first.hour, last.hour, records) == (7, 9, 3)
