"""`usage_statistics`: records of a type and a count, of the tenant whose folder they lie in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.sources.reading import line_counts, records, texts, usage
from usage_pipeline_tests.support import rows

SOURCE = "usage_statistics"


def times(text: str) -> dict[str, Any]:
    moment = datetime.fromisoformat(f"2026-02-20T{text}")
    return {"occurred_at": moment, "updated_at": moment}


RECORDS = {
    "rec_1": {
        **times("08:01:02.340"),
        "type": "token",
        "count": 955,
        "unit": "token",
        "messages": 0,
        "tokens_total": 955,
        "model": "gpt-4.1",
        "conversation_id": "c_1",
        "message_id": "m_1",
        "bot_id": "b_1",
        "contact_id": "k_1",
        "skillset_id": "s_1",
        "meta": {"type": "token", "meta": {"region": "eu", "plan": "pro"}},
    },
    "rec_2": {
        **times("08:01:00"),
        "type": "conversation",
        "count": 1,
        "unit": "conversation",
        "messages": 0,
        "conversation_id": "c_1",
        "bot_id": "b_1",
        "meta": {"type": "conversation"},
    },
    "rec_3": {
        **times("08:01:01"),
        "type": "message",
        "count": 2,
        "unit": "message",
        "messages": 2,
        "conversation_id": "c_1",
        "message_id": "m_1",
        "bot_id": "b_1",
        "meta": {"type": "message", "meta": {"channel": "widget"}},
    },
    "rec_4": {
        **times("08:01:03"),
        "type": "ability",
        "count": 1,
        "unit": "request",
        "messages": 0,
        "task_id": "t_1",
        "ability_id": "a_1",
        "skillset_id": "s_1",
        "meta": {"type": "ability", "meta": {"name": "search"}},
    },
}


def test_the_file_lands_whole(samples: Storage) -> None:
    assert line_counts(samples, SOURCE) == ("landed", 4, 4, 0)


@pytest.mark.parametrize("record_id", sorted(RECORDS))
def test_each_line_becomes_exactly_this_record(samples: Storage, record_id: str) -> None:
    assert records(samples, SOURCE)[record_id] == RECORDS[record_id]


def test_the_tenant_is_that_of_the_folder(samples: Storage) -> None:
    found = rows(samples, USAGE_RECORDS.spec, "source", "tenant_id")
    assert [tenant for source, tenant in found if source == SOURCE] == ["acme"] * 4


def test_it_has_no_texts(samples: Storage) -> None:
    assert texts(samples, SOURCE) == []


def test_tokens_without_a_split_count_in_the_total_only(samples: Storage) -> None:
    metrics = ("tokens_total", "tokens_in", "tokens_out")
    assert usage(samples, SOURCE, *metrics, group_by="source") == [(SOURCE, 955, 0, 0)]


def test_its_records_are_one_conversation_that_began_with_the_conversation_record(samples: Storage) -> None:
    assert usage(samples, SOURCE, "conversations", group_by="type") == [
        ("ability", 0),
        ("conversation", 1),
        ("message", 0),
        ("token", 0),
    ]


def test_a_message_counts_its_count_and_only_an_ability_is_a_request(samples: Storage) -> None:
    assert usage(samples, SOURCE, "messages", "requests", group_by="type") == [
        ("ability", 0, 1),
        ("conversation", 0, 0),
        ("message", 2, 0),
        ("token", 0, 0),
    ]


def test_an_unknown_type_is_a_request_whose_own_name_stays_in_meta(
    storage: Storage, deliver: Callable[..., None]
) -> None:
    line = {"id": "r1", "type": "integration", "count": 3, "createdAt": 1771574460000}
    deliver(SOURCE, "2026-02-20", [line], tenant="acme")
    assert rows(storage, LANDED_EVENTS, "type", "unit", "count", "tokens_total", "messages", "meta") == [
        ("request", "request", 3, None, 0, '{"type":"integration"}')
    ]
