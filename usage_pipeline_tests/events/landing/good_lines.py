"""Good lines of every shipped format, and of those in `formats/`; all on 30 April and 1 May 2026."""

from pathlib import Path
from typing import Any

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline_tests.events.landing.list_lines import LIST_LINES
from usage_pipeline_tests.events.landing.tool_lines import TOOL_LINES

OWN_FORMATS = Path(__file__).parents[1] / "formats"
"""Formats of the tests, which have the keys that no shipped one has."""

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
CSV_LINES = ["2026-05-01 08:00:03.9799600,4808,10", "2026-05-01 08:00:04.0319600,3180,8", "2026-05-01 08:00,0,0"]


def _persona(record_id: str, event: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": record_id,
        "event": event,
        "timestamp": "2026-05-01T08:00:00.120Z",
        "tenantId": "acme",
        "personaId": "per_7",
        "userId": "u_1",
        **fields,
    }


_PROMPT = {
    "sessionId": "ses_9f",
    "conversationId": "conv_3",
    "project": "onboarding",
    "feature": "chat",
    "prompt": "How do you approach design challenges?",
    "response": "As a product designer, I...",
    "modelName": "gpt-4.1-mini",
    "tokensIn": 812,
    "cachedTokensIn": 512,
    "tokensOut": 143,
    "reasoningTokensOut": 0,
    "latencyMs": 1840,
    "status": "succeeded",
}
_CALLBACK = {
    "kind": "persona.prompt.result",
    "jobId": "4b1e",
    "status": "succeeded",
    "tenantId": "acme",
    "personaId": "per_7",
    "attemptCount": 1,
    "result": {"sessionId": "ses_9f", "prompt": "How?", "response": "So."},
    "error": None,
    "completedAt": "2026-05-01T12:00:02.340Z",
}
_RUN = {
    "runId": "run_1",
    "tenantId": "acme",
    "agent": "seo-writer",
    "agentType": "content",
    "userId": "u_1",
    "startedAt": "2026-04-30T23:59:30Z",
    "endedAt": "2026-05-01T00:00:42Z",
    "status": "succeeded",
    "creditsUsed": 12.5,
    "apiCalls": 9,
    "toolCalls": 4,
    "model": "claude-sonnet-4-5",
    "tokensIn": 15200,
    "tokensOut": 2100,
    "bytesProcessed": 40960,
    "input": {"topic": "usage metering"},
    "output": {"words": 820},
    "error": None,
}
_STATISTIC = {
    "id": "rec_1",
    "type": "token",
    "count": 955,
    "conversationId": "c_1",
    "messageId": "m_1",
    "blueprintId": None,
    "meta": {"model": "gpt-4.1", "region": "eu"},
    "createdAt": 1777622462340,
    "updatedAt": 1777622462340,
}
_AIDER = {"event": "launched", "properties": {"python_version": "3.12.4"}, "user_id": "52b5", "time": 1777622400}
_SENT = {
    "main_model": "gpt-4o-mini",
    "prompt_tokens": 2100,
    "completion_tokens": 120,
    "total_tokens": 2220,
    "cost": 0.000387,
}
_VALUES = {
    "id": "v_1",
    "job": "j",
    "step": 2,
    "team": "acme",
    "key": {"alias": "ci"},
    "kind": "chat",
    "at": 1777622400123456789,
    "begun": "1777622399000000000",
    "passed": 86400.5,
    "changed": "2026-05-01 08:00",
    "usage": {"in": 10, "tool": 5, "audio": None, "sound": 2, "out": 7, "thought": 3, "total": 24},
    "cost": {"in": 0.000165, "out": "1.5e-05"},
    "seconds": 1.376544,
    "millis": 12,
    "micros": 12,
    "nanos": 12,
    "state": "failure",
    "model": "gpt-4o",
    "engine": "e",
    "user": "ann",
    "text": "Why?",
    "tags": ["prod", {"name": "shop"}],
    "labels": [
        {"key": "app.feature", "value": {"stringValue": "search"}},
        {"key": "app.agent", "value": {"name": "writer"}},
        {"key": "calls", "value": {"intValue": "3"}},
        {"key": "calls", "value": 4},
    ],
    "more": '{"calls":1,"inner":"{\\"chat\\":\\"c1\\"}","noise":"x"}',
    "trace": {"id": "t"},
}
_VOID = {"id": "v1", "tenantId": "acme", "eventDay": "2026-05-01", "source": "persona", "recordId": "evt_02"}


def format_file(name: str) -> Path:
    """The file of a format that is shipped, or of the tests."""
    shipped = SOURCES / f"{name}.yaml"
    return shipped if shipped.exists() else OWN_FORMATS / shipped.name


def _call(record_id: str, **fields: Any) -> dict[str, Any]:
    attributes = [
        {"key": "operation", "value": {"stringValue": "chat"}},
        {"key": "in", "value": {"intValue": "100"}},
    ]
    call = {"id": record_id, "at": 1777622400.123456, "attributes": attributes, "cost": 1.65e-05, "status": "ok"}
    return {**call, "usage": {"out": 7}, "text": "Why?", "rest": {"a": 1}, **fields}


_TAGS = [{"kind": 7}, "no pair", {"kind": "the state", "is": {"name": "ok"}}, {"kind": "the state", "is": 7}]
_BATCH = {
    "org": {"id": "acme"},
    "defaults": [{"model": "gpt-4o"}],
    "groups": [
        {
            "name": "shop",
            "attributes": [{"key": "model", "value": {"stringValue": "o3"}}],
            "parts": {"calls": [_call("e_1"), _call("e_2", cost=0.1)]},
        },
        {"name": "", "parts": {"calls": [_call("e_3")]}},
    ],
}


def _growing(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"org": "acme", "parts": [_part(**part) for part in parts]}


def _part(**fields: Any) -> dict[str, Any]:
    return {"id": "r_1", "at": 1777622400, "out": 7, "model": "gpt-4o", "status": "ok", "text": "So", **fields}


_PARTS = {
    "in": 1000,
    "cached": 300,
    "write": 100,
    "hour": 40,
    "audio": 200,
    "image": 100,
    "cached_audio": 50,
    "cached_image": 20,
    "out": 100,
    "thought": 10,
    "out_audio": 60,
    "out_image": 5,
    "searches": 2,
    "tier": "batch",
    "geo": "us",
    "speed": "fast",
}


def _parts(record_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": record_id, "at": "2026-05-01T08:00:00Z", **_PARTS, **fields}


JSON_LINES: dict[str, list[dict[str, Any]]] = {
    **TOOL_LINES,
    **LIST_LINES,
    "persona": [
        _persona("evt_01", "persona_create", seed="product designer, pragmatic"),
        _persona("evt_02", "persona_prompt", **_PROMPT),
        _persona("evt_03", "persona_prompt", **{**_PROMPT, "response": None, "status": "failed", "error": "late"}),
        _persona("evt_04", "persona_list", query={"limit": 20}, resultCount=4),
        _persona("evt_08", "persona_consistency_check", issueCount=2, issueTypes=["age", "employer"]),
        _persona("evt_09", "file_upload", fileType="application/pdf", fileSize=1048576),
        _persona("evt_10", "timeline_reconcile_job", jobId="job_5", jobStatus="succeeded"),
    ],
    "persona_callback": [
        _CALLBACK,
        {**_CALLBACK, "attemptCount": 2},
        {**_CALLBACK, "jobId": "4b1f", "status": "failed", "error": {"code": "quota", "message": "exceeded"}},
    ],
    "agent_runs": [
        _RUN,
        {**_RUN, "runId": "run_2", "endedAt": None, "status": "running", "creditsUsed": 0},
        {**_RUN, "runId": "run_2", "status": "failed", "error": {"code": "quota", "message": "exceeded"}},
    ],
    "usage_statistics": [
        _STATISTIC,
        {**_STATISTIC, "id": "rec_2", "type": "conversation", "count": 1},
        {**_STATISTIC, "id": "rec_3", "type": "message", "count": 2},
        {**_STATISTIC, "id": "rec_4", "type": "ability", "count": None},
        {**_STATISTIC, "id": "rec_5", "type": "a type of its own"},
    ],
    "aider": [
        _AIDER,
        {**_AIDER, "event": "message_send", "properties": _SENT},
        {**_AIDER, "event": "command_add", "properties": {}},
    ],
    "every_value": [
        _VALUES,
        {**_VALUES, "id": None, "team": "", "kind": None, "at": None, "seconds": None, "usage": {}, "model": ""},
        {**_VALUES, "id": "v_2", "millis": 0, "seconds": "", "usage": {"audio": 1}, "state": "none", "cost": None},
        {**_VALUES, "kind": "heading"},
        {**_VALUES, "id": "v_3", "tags": ["x"], "labels": [{"key": "calls", "value": "5"}], "more": {"calls": 2}},
        {
            **_VALUES,
            "id": "v_5",
            "usage": {},
            "details": [{"kind": "said", "n": 1}, *[{"kind": "thought", "n": 9}] * 2],
        },
        {**_VALUES, "id": "v_4", "tags": [], "labels": None, "more": '{"calls":1,'},
    ],
    "every_event": [
        _BATCH,
        {**_BATCH, "groups": [{"parts": {"calls": []}}, {"parts": {"calls": [_call("e_4")]}}, {}]},
        {**_BATCH, "groups": []},
        {**_BATCH, "groups": [{"parts": {"calls": {}}}, {"parts": {"calls": [_call("e_7")]}}, {"parts": 7}]},
        {**_BATCH, "groups": [{"tags": _TAGS, "parts": {"calls": [_call("e_8", status=None)]}}]},
        {**_BATCH, "groups": "none"},
        {**_BATCH, "groups": [{"parts": {"calls": [_call("e_5", attributes=None), 7, _call("e_6", at="x")]}}]},
    ],
    "every_part": [
        _parts("p_1"),
        _parts("p_2", cached_audio=None, cached_image=None),
        _parts("p_3", audio=800, cached_audio=None),
        _parts("p_4", audio=801, cached_audio=None),
        _parts("p_5", hour=100, image=0, cached_image=0, out_audio=85),
        _parts("p_6", audio=None, image=None, hour=None, tier=None, geo="", cached_audio=0),
    ],
    "every_repeat": [
        _growing({"attempt": 1}, {"attempt": 2, "at": 1777622401, "out": 8}),
        _growing({"attempt": 2, "out": 9}, {"id": "r_2", "attempt": 1}, {"id": "r_3", "kind": "note"}),
        _growing({"id": "r_2", "at": 1777593599, "attempt": None}, {"attempt": "1.5", "out": 10}, {"out": "x"}),
    ],
    "every_start": [
        {"head": {"start": "2026-05-01T05:00", "since": 1777600000.25}, "model": "gpt-4o", "org": "acme", "in": 3},
        {"id": "t_1", "t": 0, "in": 5, "out": 1},
        {"id": "t_2", "t": 3600.5, "in": "7", "model": "o3", "the status": "failed"},
        {"id": "t_3", "t": "x", "org": "acme"},
    ],
    "void": [_VOID, {**_VOID, "id": "v2", "source": "agent_runs", "recordId": "run_1", "reason": "a test"}],
}
