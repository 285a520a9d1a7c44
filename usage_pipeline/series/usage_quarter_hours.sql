-- The usage of each quarter of an hour of each event day, for intervals of the day and for days of other zones.
-- The start of a quarter hour is put together from the day, the hour and the quarter: truncating a time gives
-- one with a zone in Spark. What a type counts as is joined after grouping, once per type.
WITH grouped AS (
    SELECT
        event_day,
        extract(hour FROM occurred_at) AS hour_of_day,
        CASE
            WHEN extract(minute FROM occurred_at) < 15 THEN 0
            WHEN extract(minute FROM occurred_at) < 30 THEN 15
            WHEN extract(minute FROM occurred_at) < 45 THEN 30
            ELSE 45
        END AS minute_of_hour,
        tenant_id,
        coalesce(source, '(none)') AS source,
        coalesce(type, '(none)') AS type,
        coalesce(model, '(none)') AS model,
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
        extract(hour FROM occurred_at),
        CASE
            WHEN extract(minute FROM occurred_at) < 15 THEN 0
            WHEN extract(minute FROM occurred_at) < 30 THEN 15
            WHEN extract(minute FROM occurred_at) < 45 THEN 30
            ELSE 45
        END,
        tenant_id,
        coalesce(source, '(none)'),
        coalesce(type, '(none)'),
        coalesce(model, '(none)')
)

SELECT
    grouped.event_day AS day,
    CAST(grouped.event_day AS TIMESTAMP)
        + grouped.hour_of_day * INTERVAL '1' HOUR
        + grouped.minute_of_hour * INTERVAL '1' MINUTE AS quarter_hour,
    grouped.tenant_id,
    grouped.source,
    grouped.type,
    grouped.model,
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
ORDER BY grouped.event_day, grouped.tenant_id, grouped.hour_of_day, grouped.minute_of_hour, grouped.source, grouped.type, grouped.model
