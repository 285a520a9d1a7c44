"""What initech and globex used besides the usage of limits: personas, agent runs, and records of bots.

Everything of globex is named after it, so that a byte of it is found wherever it is.
"""

from datetime import UTC, datetime
from typing import Any

from usage_pipeline_tests.support import Landing, prompt

MORNING = int(datetime(2026, 5, 20, 8, tzinfo=UTC).timestamp()) * 1000
"""In ms since 1970."""


def write_more_usage(landing: Landing) -> None:
    """Write the log of 20 May 2026."""
    landing.write("persona", "2026-05-20", [*_personas(), *_prompts()], name="initech.jsonl")
    landing.write("agent_runs", "2026-05-21", [*_runs("initech"), *_runs("globex")], name="runs.jsonl")
    for tenant in ("initech", "globex"):
        landing.write("usage_statistics", "2026-05-20", _records(tenant), tenant=tenant, name="records.jsonl")


def _personas() -> list[dict[str, Any]]:
    events = {
        "p1": {"event": "persona_create", "personaId": "per_1"},
        "p2": {"event": "persona_create", "personaId": "per_2"},
        "p3": {"event": "persona_create", "personaId": "per_3"},
        "p4": {"event": "persona_delete", "personaId": "per_3"},
        "t1": {"event": "persona_timeline_append", "personaId": "per_1", "entryId": "tl_1"},
        "t2": {"event": "persona_timeline_append", "personaId": "per_1", "entryId": "tl_2"},
        "t3": {"event": "persona_timeline_supersede", "personaId": "per_1", "entryId": "tl_1"},
        "c1": {"event": "persona_consistency_check", "personaId": "per_1", "issueCount": 2, "issueTypes": ["age"]},
    }
    common = {"tenantId": "initech", "timestamp": "2026-05-20T08:00:00Z"}
    return [{"id": f"initech-{name}", **common, **fields} for name, fields in events.items()]


def _prompts() -> list[dict[str, Any]]:
    common = {"tenantId": "initech", "modelName": "x"}
    return [
        prompt("initech-1", "2026-05-20T08:00:00Z", **common, latencyMs=1000),
        prompt("initech-2", "2026-05-20T09:00:00Z", **common, latencyMs=20_000, status="failed", tokensOut=0),
    ]


def _runs(tenant: str) -> list[dict[str, Any]]:
    """Return a run that succeeded, one that failed on the next day, and one that goes on."""
    common = {"tenantId": tenant, "agent": f"{tenant}-agent", "agentType": "content", "userId": f"{tenant}-eve"}
    ended = {"status": "succeeded", "model": "x", "tokensIn": 10, "tokensOut": 2, "apiCalls": 3, "toolCalls": 1}
    error = {"code": "quota", "message": f"{tenant} is over its quota"}
    times = {
        "first": ("2026-05-20T09:00:00Z", "2026-05-20T09:00:30Z", ended),
        "second": ("2026-05-20T23:59:30Z", "2026-05-21T00:00:42Z", {**ended, "status": "failed", "error": error}),
        "third": ("2026-05-21T09:00:00Z", None, {"status": "running", "userId": f"{tenant}-zoe"}),
    }
    return [
        {
            **common,
            "runId": f"{tenant}-{name}",
            "startedAt": start,
            "endedAt": end,
            "input": {"topic": f"{tenant} {name}"},
            **fields,
        }
        for name, (start, end, fields) in times.items()
    ]


def _records(tenant: str) -> list[dict[str, Any]]:
    """Return records of two bots in two conversations; ids may hold any character."""
    common = {"createdAt": MORNING, "updatedAt": MORNING, "meta": {"plan": "pro"}}
    first = {"botId": f"{tenant}/bot ü?", "conversationId": f"{tenant}/1"}
    return [
        {"id": f"{tenant}-r1", "type": "token", "count": 50, **first, **common},
        {"id": f"{tenant}-r2", "type": "message", "count": 2, **first, **common},
        {"id": f"{tenant}-r3", "type": "conversation", "count": 1, **first, **common},
        {"id": f"{tenant}-r4", "type": "token", "count": 7, "botId": f"{tenant}-2", **common},
    ]
