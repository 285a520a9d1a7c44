-- What the records of each event day count as, per tenant: each record by itself, and not grouped first as the cube
-- does it, so that one says the other's numbers a second time.
SELECT
    usage_records.event_day,
    usage_records.tenant_id,
    count(*) AS records,
    CAST(sum(coalesce(usage_records.api_calls, 1) * coalesce(event_types.requests, 0)) AS BIGINT) AS requests,
    CAST(sum(coalesce(event_types.prompts, 0)) AS BIGINT) AS prompts,
    CAST(sum(coalesce(event_types.runs, 0)) AS BIGINT) AS runs,
    CAST(sum(coalesce(usage_records.messages, 0)) AS BIGINT) AS messages,
    CAST(sum(coalesce(usage_records.tokens_in, 0)) AS BIGINT) AS tokens_in,
    CAST(sum(coalesce(usage_records.tokens_cached, 0)) AS BIGINT) AS tokens_cached,
    CAST(sum(coalesce(usage_records.tokens_cache_write, 0)) AS BIGINT) AS tokens_cache_write,
    CAST(sum(coalesce(usage_records.tokens_out, 0)) AS BIGINT) AS tokens_out,
    CAST(sum(coalesce(usage_records.tokens_reasoning, 0)) AS BIGINT) AS tokens_reasoning,
    CAST(sum(coalesce(usage_records.tokens_total, 0)) AS BIGINT) AS tokens_total,
    CAST(sum(coalesce(event_types.personas_created, 0)) AS BIGINT) AS personas_created,
    CAST(sum(coalesce(event_types.personas_deleted, 0)) AS BIGINT) AS personas_deleted,
    CAST(sum(coalesce(event_types.timeline_appended, 0)) AS BIGINT) AS timeline_appended,
    CAST(sum(coalesce(event_types.timeline_superseded, 0)) AS BIGINT) AS timeline_superseded,
    CAST(sum(coalesce(event_types.files, 0)) AS BIGINT) AS files,
    CAST(sum(coalesce(usage_records."bytes", 0)) AS BIGINT) AS "bytes",
    CAST(sum(coalesce(usage_records.tool_calls, 0)) AS BIGINT) AS tool_calls,
    CAST(sum(CASE WHEN usage_records.status = 'failed' OR usage_records.error_code IS NOT NULL THEN coalesce(event_types.errors, 1) ELSE 0 END) AS BIGINT) AS errors
FROM usage_records
LEFT JOIN event_types ON usage_records.type = event_types.type
GROUP BY usage_records.event_day, usage_records.tenant_id
