"""Lines that must be rejected: for each reject reason a function that breaks a good record."""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from usage_pipeline.simulation.settings import PERSONA, RUNS, STATISTICS

Record = Mapping[str, Any]
Break = Callable[[Record], str]

_TOO_LONG_BYTES = (1 << 24) + 1
_TOO_OLD = {PERSONA: "2001-03-04T12:00:00Z", STATISTICS: 983_707_200_000, RUNS: "2001-03-04T12:00:00Z"}
_TIME = {PERSONA: "timestamp", STATISTICS: "createdAt", RUNS: "endedAt"}
_FUTURE_DAYS = 2


def breaks(source: str) -> dict[str, Break]:
    """Return the functions that break a good record of the source, by reject reason."""
    time, old, id_field = _TIME[source], _TOO_OLD[source], "runId" if source == RUNS else "id"
    return {
        "malformed_json": lambda record: json.dumps(record)[:-9],
        "not_an_object": lambda record: json.dumps([record]),
        "not_utf8": _not_utf8,
        "missing_record_id": _without(id_field),
        "invalid_record_id": _with(id_field, {"n": 1}),
        "invalid_occurred_at": _with(time, "20/03/2025 09:21"),
        "timestamp_in_future": _in_future(time),
        "past_retention": _with(time, old),
        "before_calendar": _with(time, old),
        **_OF_SOURCE[source],
    }


def good_record(source: str, record_id: str, tenant: str, day: date) -> dict[str, Any]:
    """Return a record of noon of the day that would be accepted."""
    noon = f"{day}T12:00:00Z"
    if source == PERSONA:
        head = {"id": record_id, "event": "persona_prompt", "timestamp": noon, "tenantId": tenant}
        return {**head, "tokensIn": 100, "cachedTokensIn": 0, "tokensOut": 20, "status": "succeeded"}
    if source == STATISTICS:
        noon_ms = ((day - date(1970, 1, 1)).days * 24 + 12) * 3_600_000
        return {"id": record_id, "type": "token", "count": 120, "createdAt": noon_ms, "meta": {}}
    head = {"runId": record_id, "tenantId": tenant, "startedAt": noon, "endedAt": noon, "status": "succeeded"}
    return {**head, "apiCalls": 3, "tokensIn": 100, "tokensOut": 20}


def too_long_line() -> str:
    """Return a line of one byte more than a line may have."""
    head, tail = '{"id":"evt_long","prompt":"', '"}'
    return head + "x" * (_TOO_LONG_BYTES - len(head) - len(tail)) + tail


def _not_utf8(record: Record) -> str:
    # The surrogate is written as the single byte FF, which UTF-8 never has.
    return json.dumps(record)[:-1] + ',"note":"\udcff"}'


def _without(field: str) -> Break:
    return lambda record: json.dumps({name: value for name, value in record.items() if name != field})


def _with(field: str, value: object) -> Break:
    return lambda record: json.dumps({**record, field: value})


def _in_future(field: str) -> Break:
    return lambda record: json.dumps({**record, field: _later(record[field])})


def _later(time: int | str) -> int | str:
    if isinstance(time, int):
        return time + _FUTURE_DAYS * 86_400_000
    return f"{date.fromisoformat(time[:10]) + timedelta(days=_FUTURE_DAYS)}{time[10:]}"


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
