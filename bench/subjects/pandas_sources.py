"""The three log formats, for the pandas script: which field is which column, and what a line counts as."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]
Get = Callable[[Line], Any]

TEXTS = ("model", "status", "member_id", "project", "feature", "agent", "agent_type", "conversation_id")
COUNTS = (
    *("count", "tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "bytes", "api_calls", "tool_calls"),
    *("issue_count", "latency_ms"),
)
TIMES = ("started_at", "updated_at")


@dataclass(frozen=True)
class Source:
    """A log format."""

    name: str
    getters: Mapping[str, Get]
    times_in_milliseconds: bool
    types: tuple[str, ...] | None = None
    """The types that there are; None where any is a request."""


def _field(name: str) -> Get:
    return lambda line: line.get(name)


def _inner(outer: str, name: str) -> Get:
    def get(line: Line) -> Any:  # noqa: ANN401 - a log line holds anything
        found = line.get(outer)
        return found.get(name) if isinstance(found, dict) else None

    return get


def _fields(**names: str) -> dict[str, Get]:
    return {column: _field(name) for column, name in names.items()}


def _run_id(line: Line) -> Any:  # noqa: ANN401 - a log line holds anything
    """The start of a run is a record of its own."""
    found = line.get("runId")
    return f"{found}#started" if isinstance(found, str) and found and not line.get("endedAt") else found


PERSONA = Source(
    "persona",
    {
        **_fields(
            record_id="id",
            tenant_id="tenantId",
            type="event",
            occurred_at="timestamp",
            member_id="userId",
            project="project",
            feature="feature",
            conversation_id="conversationId",
            model="modelName",
            tokens_in="tokensIn",
            tokens_cached="cachedTokensIn",
            tokens_out="tokensOut",
            tokens_reasoning="reasoningTokensOut",
            latency_ms="latencyMs",
            error_code="errorCode",
            bytes="fileSize",
            issue_count="issueCount",
        ),
        "status": lambda line: line.get("status") or line.get("jobStatus"),
    },
    times_in_milliseconds=False,
    types=(
        *("persona_create", "persona_prompt", "persona_list", "persona_update", "persona_delete"),
        *("persona_timeline_append", "persona_timeline_supersede", "persona_consistency_check"),
        *("file_upload", "timeline_reconcile_job"),
    ),
)

STATISTICS = Source(
    "usage_statistics",
    {
        **_fields(
            record_id="id",
            type="type",
            occurred_at="createdAt",
            updated_at="updatedAt",
            count="count",
            conversation_id="conversationId",
        ),
        "tenant_id": lambda _: None,
        "model": _inner("meta", "model"),
    },
    times_in_milliseconds=True,
)

RUNS = Source(
    "agent_runs",
    {
        **_fields(
            tenant_id="tenantId",
            started_at="startedAt",
            member_id="userId",
            project="project",
            feature="feature",
            agent="agent",
            agent_type="agentType",
            status="status",
            model="model",
            tokens_in="tokensIn",
            tokens_out="tokensOut",
            api_calls="apiCalls",
            tool_calls="toolCalls",
            bytes="bytesProcessed",
            reported_credits="creditsUsed",
        ),
        "record_id": _run_id,
        "type": lambda line: "agent_run" if line.get("endedAt") else "agent_run_started",
        "occurred_at": lambda line: line.get("endedAt") or line.get("startedAt"),
        "error_code": _inner("error", "code"),
    },
    times_in_milliseconds=False,
    types=("agent_run", "agent_run_started"),
)

SOURCES = {source.name: source for source in (PERSONA, STATISTICS, RUNS)}
