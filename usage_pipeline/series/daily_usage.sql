-- The cube of each event day: every additive metric by tenant and dimension.
-- What a type counts as comes from the event catalogue, joined after grouping, once per type.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        coalesce(source, '(none)') AS source,
        coalesce(type, '(none)') AS type,
        coalesce(model, '(none)') AS model,
        coalesce(member_id, '(none)') AS member_id,
        coalesce(project, '(none)') AS project,
        coalesce(feature, '(none)') AS feature,
        coalesce(agent, '(none)') AS agent,
        coalesce(agent_type, '(none)') AS agent_type,
        coalesce(status, '(none)') AS status,
        count(*) AS records,
        sum(coalesce(api_calls, 1)) AS calls,
        sum(coalesce(messages, 0)) AS messages,
        sum(coalesce(tokens_in, 0)) AS tokens_in,
        sum(coalesce(tokens_cached, 0)) AS tokens_cached,
        sum(coalesce(tokens_cache_write, 0)) AS tokens_cache_write,
        sum(coalesce(tokens_out, 0)) AS tokens_out,
        sum(coalesce(tokens_reasoning, 0)) AS tokens_reasoning,
        sum(coalesce(tokens_total, 0)) AS tokens_total,
        sum(coalesce("bytes", 0)) AS "bytes",
        sum(coalesce(tool_calls, 0)) AS tool_calls,
        sum(CASE WHEN status = 'failed' OR error_code IS NOT NULL THEN 1 ELSE 0 END) AS errors
    FROM usage_records
    GROUP BY
        event_day,
        tenant_id,
        coalesce(source, '(none)'),
        coalesce(type, '(none)'),
        coalesce(model, '(none)'),
        coalesce(member_id, '(none)'),
        coalesce(project, '(none)'),
        coalesce(feature, '(none)'),
        coalesce(agent, '(none)'),
        coalesce(agent_type, '(none)'),
        coalesce(status, '(none)')
)

SELECT
    grouped.event_day AS day,
    grouped.tenant_id,
    grouped.source,
    grouped.type,
    grouped.model,
    grouped.member_id,
    grouped.project,
    grouped.feature,
    grouped.agent,
    grouped.agent_type,
    grouped.status,
    grouped.records,
    CAST(grouped.calls * coalesce(event_types.requests, 0) AS BIGINT) AS requests,
    CAST(grouped.records * coalesce(event_types.prompts, 0) AS BIGINT) AS prompts,
    CAST(grouped.records * coalesce(event_types.runs, 0) AS BIGINT) AS runs,
    CAST(grouped.messages AS BIGINT) AS messages,
    CAST(grouped.tokens_in AS BIGINT) AS tokens_in,
    CAST(grouped.tokens_cached AS BIGINT) AS tokens_cached,
    CAST(grouped.tokens_cache_write AS BIGINT) AS tokens_cache_write,
    CAST(grouped.tokens_out AS BIGINT) AS tokens_out,
    CAST(grouped.tokens_reasoning AS BIGINT) AS tokens_reasoning,
    CAST(grouped.tokens_total AS BIGINT) AS tokens_total,
    CAST(grouped.records * coalesce(event_types.personas_created, 0) AS BIGINT) AS personas_created,
    CAST(grouped.records * coalesce(event_types.personas_deleted, 0) AS BIGINT) AS personas_deleted,
    CAST(grouped.records * coalesce(event_types.timeline_appended, 0) AS BIGINT) AS timeline_appended,
    CAST(grouped.records * coalesce(event_types.timeline_superseded, 0) AS BIGINT) AS timeline_superseded,
    CAST(grouped.records * coalesce(event_types.files, 0) AS BIGINT) AS files,
    CAST(grouped."bytes" AS BIGINT) AS "bytes",
    CAST(grouped.tool_calls AS BIGINT) AS tool_calls,
    CAST(grouped.errors * coalesce(event_types.errors, 1) AS BIGINT) AS errors
FROM grouped
LEFT JOIN event_types ON grouped.type = event_types.type
ORDER BY grouped.event_day, grouped.tenant_id, grouped.source, grouped.type, grouped.model, grouped.member_id, grouped.project, grouped.feature, grouped.agent, grouped.agent_type, grouped.status
