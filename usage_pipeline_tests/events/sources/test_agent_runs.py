"""`agent_runs`: a line with an end is a run of the day it ended, one without has only started."""

from datetime import datetime
from decimal import Decimal

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.sources.reading import line_counts, records, texts, usage

SOURCE = "agent_runs"
SEO_WRITER = {
    "count": 1,
    "unit": "run",
    "messages": 0,
    "project": "blog",
    "feature": "drafts",
    "agent": "seo-writer",
    "agent_type": "content",
}
RECORDS = {
    "run_1": {
        **SEO_WRITER,
        "type": "agent_run",
        "started_at": datetime.fromisoformat("2026-02-20T23:59:30"),
        "occurred_at": datetime.fromisoformat("2026-02-21T00:00:42"),
        "duration_ms": 72_000,
        "member_id": "u_1",
        "status": "succeeded",
        "model": "claude-sonnet-4-5",
        "tokens_in": 15200,
        "tokens_out": 2100,
        "tokens_total": 17300,
        "api_calls": 9,
        "tool_calls": 4,
        "bytes": 40960,
        "reported_credits": Decimal("12.5"),
    },
    "run_2#started": {
        **SEO_WRITER,
        "type": "agent_run_started",
        "started_at": datetime.fromisoformat("2026-02-21T09:00:00"),
        "occurred_at": datetime.fromisoformat("2026-02-21T09:00:00"),
        "member_id": "u_2",
        "status": "running",
    },
    "run_2": {
        **SEO_WRITER,
        "type": "agent_run",
        "started_at": datetime.fromisoformat("2026-02-21T09:00:00"),
        "occurred_at": datetime.fromisoformat("2026-02-21T09:00:05"),
        "duration_ms": 5_000,
        "member_id": "u_2",
        "status": "failed",
        "error_code": "quota",
        "api_calls": 1,
        "tool_calls": 0,
        "reported_credits": Decimal("0.5"),
    },
}


def test_the_file_lands_whole(samples: Storage) -> None:
    assert line_counts(samples, SOURCE) == ("landed", 3, 3, 0)


def test_two_runs_and_a_start_are_three_records(samples: Storage) -> None:
    assert records(samples, SOURCE).keys() == RECORDS.keys()


@pytest.mark.parametrize("record_id", sorted(RECORDS))
def test_each_line_becomes_exactly_this_record(samples: Storage, record_id: str) -> None:
    assert records(samples, SOURCE)[record_id] == RECORDS[record_id]


def test_texts_are_input_output_and_the_message_of_an_error(samples: Storage) -> None:
    assert texts(samples, SOURCE) == [
        (1, {"input": '{"topic":"usage metering"}', "output": '{"words":820}'}),
        (2, {"input": '{"topic":"credits"}'}),
        (3, {"input": '{"topic":"credits"}', "error": "provider quota exceeded"}),
    ]


def test_all_count_on_the_day_that_the_runs_ended(samples: Storage) -> None:
    days = usage(samples, SOURCE, "records", group_by="day")
    assert [str(day) for day, records in days if records] == ["2026-02-21"]


def test_the_api_calls_of_a_run_are_its_requests_and_a_start_has_none(samples: Storage) -> None:
    metrics = ("runs", "requests", "tool_calls", "tokens_total", "bytes", "errors")
    assert usage(samples, SOURCE, *metrics, group_by="type") == [
        ("agent_run", 2, 10, 4, 17300, 40960, 1),
        ("agent_run_started", 0, 0, 0, 0, 0, 0),
    ]
