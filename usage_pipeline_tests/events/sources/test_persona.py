"""`persona`: the eleven sample lines as records, to the last value."""

import json
from datetime import datetime
from typing import Any

import pytest

from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.sources.reading import digested, line_counts, records, texts, usage
from usage_pipeline_tests.support import rows


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-02-20T{time}")


def event(kind: str, time: str, unit: str, **fields: object) -> dict[str, Any]:
    """A record of persona per_7 that stands for one `unit` and no message, unless `fields` say otherwise."""
    fixed = {"type": kind, "occurred_at": at(time), "count": 1, "unit": unit, "messages": 0, "persona_id": "per_7"}
    return {**fixed, **fields}


RECORDS = {
    "evt_01": event("persona_create", "08:00:00.120", "persona", member_id="u_1"),
    "evt_02": event(
        "persona_prompt",
        "08:01:02.340",
        "prompt",
        messages=2,
        session_id="ses_9f",
        conversation_id="conv_3",
        member_id="u_1",
        project="onboarding",
        feature="chat",
        model="gpt-4.1-mini",
        tokens_in=812,
        tokens_cached=512,
        tokens_out=143,
        tokens_reasoning=0,
        tokens_total=955,
        latency_ms=1840,
        status="succeeded",
    ),
    "evt_03": event(
        "persona_prompt",
        "08:01:40",
        "prompt",
        messages=1,
        session_id="ses_a0",
        conversation_id="conv_3",
        member_id="u_1",
        project="onboarding",
        feature="chat",
        model="gpt-4.1-mini",
        tokens_in=960,
        tokens_out=0,
        tokens_total=960,
        latency_ms=30000,
        status="failed",
        error_code="timeout",
    ),
    "evt_05": event(
        "persona_update", "08:03:00", "request", member_id="u_2", meta={"fieldsChanged": ["tone", "bio"]}
    ),
    "evt_06": event(
        "persona_timeline_append",
        "08:04:00",
        "entry",
        meta={"entryId": "tl_1", "memoryType": "episodic", "strength": 0.8},
    ),
    "evt_07": event("persona_timeline_supersede", "08:05:00", "entry", meta={"entryId": "tl_1"}),
    "evt_08": event(
        "persona_consistency_check", "08:06:00", "check", issue_count=2, issue_types='["age","employer"]'
    ),
    "evt_09": event(
        "file_upload",
        "08:07:00",
        "file",
        member_id="u_2",
        bytes=1048576,
        meta={"fileType": "application/pdf"},
    ),
    "evt_10": event("timeline_reconcile_job", "08:08:00", "job", status="succeeded", meta={"jobId": "job_5"}),
    "evt_11": event("persona_delete", "23:59:59.999999", "persona", member_id="u_2"),
}


def test_the_file_lands_whole(samples: Storage) -> None:
    assert line_counts(samples, "persona") == ("landed", 11, 11, 0)


@pytest.mark.parametrize("record_id", sorted(RECORDS))
def test_each_line_becomes_exactly_this_record(samples: Storage, record_id: str) -> None:
    assert records(samples, "persona")[record_id] == RECORDS[record_id]


def test_a_list_of_personas_belongs_to_none(samples: Storage) -> None:
    assert records(samples, "persona")["evt_04"] == {
        "type": "persona_list",
        "occurred_at": at("08:02:00"),
        "count": 1,
        "unit": "request",
        "messages": 0,
        "member_id": "u_1",
        "meta": {"resultCount": 4},
    }


def test_all_belong_to_the_tenant_that_the_lines_name(samples: Storage) -> None:
    found = rows(samples, USAGE_RECORDS.spec, "source", "tenant_id")
    assert [tenant for source, tenant in found if source == "persona"] == ["acme"] * 11


def test_the_texts_go_to_content_and_nowhere_else(samples: Storage) -> None:
    assert texts(samples, "persona") == [
        (1, {"other": '{"seed":"product designer, pragmatic"}'}),
        (2, {"prompt": "How do you approach design challenges?", "response": "As a product designer, I..."}),
        (3, {"prompt": "And when the brief changes?", "error": "upstream timed out"}),
        (4, {"other": json.dumps({"query": '{"limit":20,"tag":"design"}'}, separators=(",", ":"))}),
        (6, {"other": '{"eventLabel":"moved to a new team"}'}),
        (7, {"other": '{"reason":"corrected by the user"}'}),
    ]


def test_records_hold_digests_in_place_of_texts(samples: Storage) -> None:
    found = digested(samples, "persona")
    assert {record_id for record_id, (prompt, _) in found.items() if prompt} == {"evt_02", "evt_03"}
    assert {record_id for record_id, (_, content) in found.items() if content} == {
        "evt_01",
        "evt_02",
        "evt_03",
        "evt_04",
        "evt_06",
        "evt_07",
    }


def test_every_type_is_one_request(samples: Storage) -> None:
    found = dict(usage(samples, "persona", "requests", group_by="type"))
    assert found == {record["type"]: 1 for record in RECORDS.values()} | {"persona_list": 1, "persona_prompt": 2}


@pytest.mark.parametrize(
    ("metric", "total"),
    [
        ("records", 11),
        ("prompts", 2),
        ("messages", 3),
        ("conversations", 1),
        ("tokens_in", 1772),
        ("tokens_cached", 512),
        ("tokens_out", 143),
        ("tokens_total", 1915),
        ("personas_created", 1),
        ("personas_deleted", 1),
        ("timeline_appended", 1),
        ("timeline_superseded", 1),
        ("files", 1),
        ("bytes", 1048576),
        ("errors", 1),
    ],
)
def test_the_sample_counts_as(samples: Storage, metric: str, total: int) -> None:
    assert usage(samples, "persona", metric, group_by="source") == [("persona", total)]
