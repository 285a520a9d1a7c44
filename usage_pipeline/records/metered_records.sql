-- Each usage record as all cubes read it: its dimensions without nulls, and its part of every metric. What a record
-- of its type counts as comes from the event catalogue.
SELECT
    usage_records.event_day,
    usage_records.tenant_id,
    usage_records.record_id,
    usage_records.occurred_at,
{% for dimension in dimensions %}
    coalesce(usage_records.{{ dimension }}, '(none)') AS {{ dimension }},
{% endfor %}
    usage_records.provider AS logged_provider,
    usage_records.model AS logged_model,
{% for dimension in pricing_dimensions %}
    coalesce(usage_records.{{ dimension }}, '(none)') AS {{ dimension }},
{% endfor %}
    usage_records.conversation_id,
    usage_records.latency_ms,
    usage_records.reported_cost,
    usage_records.currency,
    usage_records.reported_credits,
    coalesce(event_types.requests, 0) AS is_request,
    CASE WHEN usage_records.status = 'failed' OR usage_records.error_code IS NOT NULL THEN 1 ELSE 0 END AS is_failed,
    CASE
        WHEN usage_records.conversation_id IS NULL AND event_types.counts_conversations THEN usage_records."count"
    END AS unidentified_conversations,
    CASE
        WHEN usage_records.tokens_in IS NULL AND usage_records.tokens_out IS NULL
            THEN coalesce(usage_records.tokens_total, 0)
        ELSE 0
    END AS tokens_unsplit,
    usage_records.tokens_cache_write_1h,
    usage_records.tokens_in_audio,
    usage_records.tokens_in_image,
    usage_records.tokens_cached_audio,
    usage_records.tokens_cached_image,
    usage_records.tokens_out_audio,
    usage_records.tokens_out_image,
    coalesce(usage_records.web_searches, 0) AS web_searches,
    1 AS records,
    coalesce(usage_records.api_calls, 1) * coalesce(event_types.requests, 0) AS requests,
{% for metric in type_metrics if metric != 'requests' %}
    coalesce(event_types.{{ metric }}, 0) AS {{ metric }},
{% endfor %}
    coalesce(usage_records.messages, 0) AS messages,
    coalesce(usage_records.tokens_in, 0) AS tokens_in,
    coalesce(usage_records.tokens_cached, 0) AS tokens_cached,
    coalesce(usage_records.tokens_cache_write, 0) AS tokens_cache_write,
    coalesce(usage_records.tokens_out, 0) AS tokens_out,
    coalesce(usage_records.tokens_reasoning, 0) AS tokens_reasoning,
    coalesce(usage_records.tokens_total, 0) AS tokens_total,
    coalesce(usage_records.bytes, 0) AS bytes,
    coalesce(usage_records.tool_calls, 0) AS tool_calls,
    CASE
        WHEN usage_records.status = 'failed' OR usage_records.error_code IS NOT NULL
            THEN coalesce(event_types.errors, 1)
        ELSE 0
    END AS errors
FROM usage_records
LEFT JOIN event_types ON usage_records.type = event_types.type
