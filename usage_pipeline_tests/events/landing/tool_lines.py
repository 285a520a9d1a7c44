"""Good lines of the shipped formats of tools: LiteLLM, Claude Code, OpenTelemetry."""

from typing import Any

_PAYLOAD = {
    "id": "chatcmpl-1",
    "trace_id": "t1",
    "response_cost": 1.65e-05,
    "status": "success",
    "custom_llm_provider": "openai",
    "total_tokens": 150,
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "startTime": 1777622400.123456,
    "response_time": 1.376544,
    "model": "gpt-4o-mini",
    "metadata": {
        "user_api_key_alias": "ci",
        "user_api_key_team_id": "acme",
        "user_api_key_user_id": "ann",
        "usage_object": {
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 10, "audio_tokens": 5},
        },
    },
    "cache_hit": None,
    "end_user": "",
    "messages": [{"role": "user", "content": "hi"}],
    "response": {"choices": [{"message": {"content": "hello"}}]},
    "error_str": None,
    "error_information": {"error_code": "", "error_message": ""},
}
_SPEND = {
    "request_id": "chatcmpl-9",
    "spend": 3.3e-05,
    "total_tokens": 150,
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "startTime": "2026-05-01 09:00:00.123000",
    "endTime": "2026-05-01T09:00:01.500Z",
    "model": "gpt-4o-mini",
    "custom_llm_provider": "openai",
    "user": "ann",
    "metadata": '{"user_api_key_team_id":"acme","additional_usage_values":{"cache_read_input_tokens":64}}',
    "cache_hit": "None",
    "team_id": "acme",
    "end_user": None,
    "session_id": "s1",
    "status": "success",
    "messages": {},
    "response": {},
}
_USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 5000,
    "cache_read_input_tokens": 12000,
    "output_tokens": 211,
    "cache_creation": {"ephemeral_5m_input_tokens": 4000, "ephemeral_1h_input_tokens": 1000},
    "server_tool_use": {"web_search_requests": 2},
    "service_tier": "standard",
    "inference_geo": "us",
}
_ASSISTANT: dict[str, Any] = {
    "type": "assistant",
    "uuid": "u1",
    "sessionId": "s1",
    "cwd": "/home/ann/shop",
    "timestamp": "2026-05-01T09:00:03.100Z",
    "message": {
        "id": "msg_01A",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Let me look."}],
        "usage": _USAGE,
    },
}


def _attributes(**values: object) -> list[dict[str, Any]]:
    """Attributes of OpenTelemetry; a name has `__` for a dot."""
    return [
        {
            "key": name.replace("__", "."),
            "value": {"intValue" if name.endswith("tokens") else "stringValue": value},
        }
        for name, value in values.items()
    ]


_SPAN = {
    "traceId": "t1",
    "spanId": "s1",
    "startTimeUnixNano": "1777622400123456789",
    "endTimeUnixNano": "1777622401623456789",
    "attributes": _attributes(
        gen_ai__operation__name="chat",
        gen_ai__provider__name="openai",
        gen_ai__response__model="gpt-4o-2024-08-06",
        gen_ai__usage__input_tokens="100",
        gen_ai__usage__output_tokens="20",
        gen_ai__conversation__id="conv_1",
    ),
    "status": {},
}
_OLD_ATTRIBUTES = _attributes(
    llm__request__type="completion", gen_ai__system="openai", gen_ai__usage__prompt_tokens="7"
)


def _otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": _attributes(service__name="support-bot", tenant__id="acme")}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": [*spans]}]}]}


TOOL_LINES: dict[str, list[dict[str, Any]]] = {
    "litellm_payload": [
        _PAYLOAD,
        {**_PAYLOAD, "id": "chatcmpl-3", "status": "failure", "metadata": {"user_api_key_alias": "acme"}},
        {**_PAYLOAD, "id": "chatcmpl-7", "cache_hit": True, "response_cost": 0.0},
    ],
    "litellm_spend_logs": [
        _SPEND,
        {**_SPEND, "request_id": "chatcmpl-10", "team_id": "", "metadata": {"status": "failure"}, "status": None},
    ],
    "claude_code": [
        _ASSISTANT,
        {"type": "summary", "summary": "Fix the shop", "leafUuid": "u9"},
        {**_ASSISTANT, "uuid": "u2", "message": {**_ASSISTANT["message"], "id": "msg_01B"}},
        {
            **_ASSISTANT,
            "timestamp": "2026-05-01T09:00:07Z",
            "message": {**_ASSISTANT["message"], "content": "Done."},
        },
    ],
    "otlp_genai": [
        _otlp(_SPAN),
        _otlp({**_SPAN, "spanId": "s2", "status": {"code": 2}}, {**_SPAN, "attributes": _OLD_ATTRIBUTES}),
        _otlp({**_SPAN, "attributes": []}),
    ],
}
