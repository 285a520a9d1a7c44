"""Logs of widely used tools, by the shipped formats: the samples come to the numbers of their README."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from usage_pipeline.events.record import CONTENT
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import files, reject_reasons, rows, shared

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SAMPLES = {
    "claude_code": "acme/claude_code",
    "litellm_payload": "litellm_payload",
    "litellm_spend_logs": "litellm_spend_logs",
    "otlp_genai": "acme/otlp_traces",
}


@pytest.fixture(scope="module")
def tools(open_shared: Callable[..., Storage]) -> Storage:
    """A deployment that holds each sample, under the name of its format."""
    storage = open_shared(now=NOW)
    house = storage.settings.landing / "claude_code" / "2026-08-25" / "t-house" / "session.jsonl"
    house.parent.mkdir(parents=True)
    shutil.copy(shared("cases", "housekeeping-lines", "landing", *house.parts[-4:]), house)
    for source, place in SAMPLES.items():
        target = storage.settings.landing / source / "2026-11-21" / f"{place}.jsonl"
        target.parent.mkdir(parents=True)
        shutil.copy(shared("samples", "tools", target.name), target)
    refresh(storage, PlainRunner(storage))
    return storage


def records(storage: Storage, source: str, *names: str) -> list[tuple[Any, ...]]:
    """These columns of the records of a source, by record id."""
    found = rows(storage, USAGE_RECORDS.spec, "source", "record_id", *names)
    return [row for of, *row in found if of == source]


def test_no_line_of_a_sample_is_rejected(tools: Storage) -> None:
    assert reject_reasons(tools) == []
    found = files(tools).items()
    assert {name: (file.state.value, file.lines, file.skipped, file.superseded) for name, file in found} == {
        "claude_code.jsonl": ("landed", 12, 5, 4),
        "litellm_payload.jsonl": ("landed", 7, 0, 0),
        "litellm_spend_logs.jsonl": ("landed", 2, 0, 0),
        "otlp_traces.jsonl": ("landed", 1, 0, 0),
        "session.jsonl": ("landed", 109, 9, 0),
    }


PAYLOAD = "litellm_payload"


def test_seven_requests_of_litellm_of_which_two_failed_and_one_came_from_its_cache(tools: Storage) -> None:
    found = records(tools, PAYLOAD, "type", "status", "tokens_total")
    assert Counter(tuple(row[1:]) for row in found) == {
        ("request", "succeeded", 150): 4,
        ("request", "failed", 0): 2,
        ("cached_answer", "succeeded", None): 1,
    }


def test_the_tenant_of_litellm_is_the_team_or_the_alias_or_a_default(tools: Storage) -> None:
    assert [tenant for _, tenant in records(tools, PAYLOAD, "tenant_id")] == [
        *("team-a", "team-a", "team-a", "cron", "team-a", "unassigned", "team-a")
    ]


def test_a_payload_becomes_exactly_this_record(tools: Storage) -> None:
    names = ("occurred_at", "latency_ms", "tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "model")
    assert records(tools, PAYLOAD, *names)[0] == [
        "chatcmpl-1",
        datetime.fromisoformat("2026-11-20T09:00:00.123456"),
        *(1376, 120, 64, 30, 10, "gpt-4o-mini"),
    ]


def test_reported_costs_are_exact_and_a_failure_has_a_code(tools: Storage) -> None:
    found = {name: tuple(row) for name, *row in records(tools, PAYLOAD, "reported_cost", "error_code")}
    assert found["chatcmpl-2"] == (Decimal("0.0000165"), None)
    assert found["chatcmpl-3"] == (Decimal(0), "429")
    assert found["chatcmpl-7"] == (None, None)


def test_what_may_hold_texts_or_secrets_does_not_go_to_meta(tools: Storage) -> None:
    metas = {meta for _, meta in records(tools, PAYLOAD, "meta")}
    assert [word for word in ("88dc", "temperature", "http", "Rate limit") if word in "".join(metas)] == []


def test_metadata_of_a_spend_log_is_read_within_a_text_and_as_an_object(tools: Storage) -> None:
    names = ("tenant_id", "status", "tokens_in", "tokens_cached", "tokens_out", "latency_ms", "reported_cost")
    assert records(tools, "litellm_spend_logs", *names) == [
        ["chatcmpl-10", "unassigned", "failed", 0, None, 0, 1000, Decimal(0)],
        ["chatcmpl-9", "team-a", "succeeded", 120, 64, 30, 1377, Decimal("0.000033")],
    ]


def test_lines_of_a_transcript_without_usage_are_no_records(tools: Storage) -> None:
    found = records(tools, "claude_code", "tenant_id", "tokens_in")
    of_house = [tokens for _, tenant, tokens in found if tenant == "t-house"]
    assert (len(of_house), sum(of_house)) == (100, 1000)


def test_a_message_on_several_lines_counts_once_whole_and_on_the_day_of_its_first_line(tools: Storage) -> None:
    names = ("tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "occurred_at", "landing_line")
    found = {name: tuple(row) for name, *row in records(tools, "claude_code", *names) if name.startswith("msg_01")}
    assert found == {
        "msg_01A": (17010, 12000, 5000, 211, datetime.fromisoformat("2026-11-20T09:00:03.1"), 5),
        "msg_01B": (17304, 17000, 300, 90, datetime.fromisoformat("2026-11-20T09:00:10"), 8),
        "msg_01C": (17302, 17300, 0, 45, datetime.fromisoformat("2026-11-20T23:59:59.5"), 10),
    }
    sums = [sum(column) for column in list(zip(*found.values(), strict=True))[:4]]
    tokens_in, read, written, out = sums
    assert (tokens_in - read - written, written, read, out) == (16, 5300, 46300, 346)


def test_two_spans_of_one_line_are_two_requests_of_one_conversation(tools: Storage) -> None:
    names = ("type", "conversation_id", "project", "provider", "model", "tokens_in", "tokens_out", "latency_ms")
    of_both = ("request", "conv_1", "support-bot", "openai", "gpt-4o-2024-08-06")
    trace = "5b8efff798038103d269b633813fc60c"
    assert records(tools, "otlp_genai", *names) == [
        [f"{trace}:eee19b7ec3c1b171", *of_both, 100, 20, 1500],
        [f"{trace}:eee19b7ec3c1b172", *of_both, 200, 40, 1500],
    ]
    assert records(tools, "otlp_genai", "occurred_at", "status", "meta")[0][1:] == [
        datetime.fromisoformat("2026-11-20T09:00:00.123456"),
        None,
        '{"parentSpanId":"","name":"chat gpt-4o","kind":3}',
    ]


def test_texts_are_in_content_only(tools: Storage) -> None:
    found = rows(tools, CONTENT, "source", "prompt", "response", "error")
    assert Counter(source for source, *_ in found) == {"claude_code": 3, PAYLOAD: 7}
