"""Lines that must be rejected, with the reason of each: one way to break a record per reason."""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from usage_pipeline.simulation.settings import PERSONA, RUNS, STATISTICS

Record = Mapping[str, Any]
Break = Callable[[Record], str]

TOO_LONG_BYTES = (1 << 24) + 1
"""One byte more than a line may have."""

_TOO_OLD = {PERSONA: "2001-03-04T12:00:00Z", STATISTICS: 983_707_200_000, RUNS: "2001-03-04T12:00:00Z"}
_TIME = {PERSONA: "timestamp", STATISTICS: "createdAt", RUNS: "endedAt"}
_EPOCH = date(1970, 1, 1)
_AFTER_THE_FUTURE = 2
"""Days after the landing day."""


def breaks(source: str) -> dict[str, Break]:
    """How a good record of the source is broken, by reason."""
    return {**_of_any_source(source), **_OF_SOURCE[source]}


def good_record(source: str, record_id: str, tenant: str, day: date) -> dict[str, Any]:
    """A record that would be accepted at noon of this day, were it not broken."""
    noon = f"{day}T12:00:00Z"
    if source == PERSONA:
        head = {"id": record_id, "event": "persona_prompt", "timestamp": noon, "tenantId": tenant}
        return {**head, "tokensIn": 100, "cachedTokensIn": 0, "tokensOut": 20, "status": "succeeded"}
    if source == STATISTICS:
        return {"id": record_id, "type": "token", "count": 120, "createdAt": _noon_ms(day), "meta": {}}
    head = {"runId": record_id, "tenantId": tenant, "startedAt": noon, "endedAt": noon, "status": "succeeded"}
    return {**head, "apiCalls": 3, "tokensIn": 100, "tokensOut": 20}


def too_long_line() -> str:
    """A line that is too long to be read."""
    head, tail = '{"id":"evt_long","prompt":"', '"}'
    return head + "x" * (TOO_LONG_BYTES - len(head) - len(tail)) + tail


def _noon_ms(day: date) -> int:
    return ((day - _EPOCH).days * 24 + 12) * 3_600_000


def _cut(record: Record) -> str:
    return json.dumps(record)[:-9]


def _listed(record: Record) -> str:
    return json.dumps([record])


def _not_utf8(record: Record) -> str:
    # The surrogate is written as the single byte FF, which UTF-8 never has.
    return json.dumps(record)[:-1] + ',"note":"\udcff"}'


def _without(field: str) -> Break:
    return lambda record: json.dumps({name: value for name, value in record.items() if name != field})


def _with(field: str, value: object) -> Break:
    return lambda record: json.dumps({**record, field: value})


def _in_future(source: str) -> Break:
    def broken(record: Record) -> str:
        time = record[_TIME[source]]
        if isinstance(time, int):
            return json.dumps({**record, _TIME[source]: time + _AFTER_THE_FUTURE * 86_400_000})
        later = date.fromisoformat(time[:10]) + timedelta(days=_AFTER_THE_FUTURE)
        return json.dumps({**record, _TIME[source]: f"{later}{time[10:]}"})

    return broken


def _of_any_source(source: str) -> dict[str, Break]:
    time, old = _TIME[source], _TOO_OLD[source]
    return {
        "malformed_json": _cut,
        "not_an_object": _listed,
        "not_utf8": _not_utf8,
        "missing_record_id": _without("runId" if source == RUNS else "id"),
        "invalid_record_id": _with("runId" if source == RUNS else "id", {"n": 1}),
        "invalid_occurred_at": _with(time, "20/03/2025 09:21"),
        "timestamp_in_future": _in_future(source),
        "past_retention": _with(time, old),
        "before_calendar": _with(time, old),
    }


_TENANT_IN_LINE: dict[str, Break] = {
    "missing_tenant_id": _without("tenantId"),
    "invalid_tenant_id": _with("tenantId", " spaced "),
    "invalid_tokens_in": _with("tokensIn", "12.7"),
    "invalid_tokens_out": _with("tokensOut", -1),
    "invalid_member_id": _with("userId", "u" * 257),
    "invalid_project": _with("project", ["a", "b"]),
    "invalid_feature": _with("feature", {"name": "chat"}),
    "invalid_status": _with("status", ["failed"]),
}

_OF_SOURCE: dict[str, dict[str, Break]] = {
    PERSONA: {
        **_TENANT_IN_LINE,
        "tenant_mismatch": _with("tenantId", "somebody-else"),
        "missing_type": _without("event"),
        "missing_occurred_at": _without("timestamp"),
        "unknown_type": _with("event", "persona_promt"),
        "invalid_model": _with("modelName", "m" * 257),
        "invalid_conversation_id": _with("conversationId", {"n": 1}),
        "invalid_tokens_cached": _with("cachedTokensIn", "0x1F"),
        "invalid_tokens_reasoning": _with("reasoningTokensOut", "1_000"),
        "invalid_latency_ms": _with("latencyMs", "fast"),
        "invalid_bytes": _with("fileSize", 1.5),
        "invalid_issue_count": _with("issueCount", "two"),
        "token_invariant": _with("cachedTokensIn", 101),
    },
    STATISTICS: {
        "missing_type": _without("type"),
        "missing_occurred_at": _without("createdAt"),
        "invalid_updated_at": _with("updatedAt", "yesterday"),
        "invalid_count": _with("count", -3),
        "invalid_model": _with("meta", {"model": "m" * 257}),
        "invalid_conversation_id": _with("conversationId", ["c_1"]),
    },
    RUNS: {
        **_TENANT_IN_LINE,
        "missing_occurred_at": lambda record: json.dumps({**record, "startedAt": None, "endedAt": None}),
        "invalid_started_at": _with("startedAt", "2026-13-01T00:00:00Z"),
        "invalid_model": _with("model", "m" * 257),
        "invalid_agent": _with("agent", ["a"]),
        "invalid_agent_type": _with("agentType", ["a"]),
        "invalid_api_calls": _with("apiCalls", "1e3"),
        "invalid_tool_calls": _with("toolCalls", "many"),
        "invalid_bytes": _with("bytesProcessed", "1 MB"),
        "invalid_reported_credits": _with("creditsUsed", "-1"),
    },
}
