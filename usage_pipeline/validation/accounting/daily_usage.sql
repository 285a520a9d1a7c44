-- On each event day, how many tenants have other totals in the cube than by their records, for each metric.
WITH sides AS (
    SELECT
        event_day,
        tenant_id,
        records,
        requests,
        prompts,
        runs,
        messages,
        tokens_in,
        tokens_cached,
        tokens_cache_write,
        tokens_out,
        tokens_reasoning,
        tokens_total,
        personas_created,
        personas_deleted,
        timeline_appended,
        timeline_superseded,
        files,
        "bytes",
        tool_calls,
        errors
    FROM counted_totals
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        -records AS records,
        -requests AS requests,
        -prompts AS prompts,
        -runs AS runs,
        -messages AS messages,
        -tokens_in AS tokens_in,
        -tokens_cached AS tokens_cached,
        -tokens_cache_write AS tokens_cache_write,
        -tokens_out AS tokens_out,
        -tokens_reasoning AS tokens_reasoning,
        -tokens_total AS tokens_total,
        -personas_created AS personas_created,
        -personas_deleted AS personas_deleted,
        -timeline_appended AS timeline_appended,
        -timeline_superseded AS timeline_superseded,
        -files AS files,
        -"bytes" AS "bytes",
        -tool_calls AS tool_calls,
        -errors AS errors
    FROM daily_usage
),

apart AS (
    SELECT
        event_day,
        tenant_id,
        sum(records) AS records,
        sum(requests) AS requests,
        sum(prompts) AS prompts,
        sum(runs) AS runs,
        sum(messages) AS messages,
        sum(tokens_in) AS tokens_in,
        sum(tokens_cached) AS tokens_cached,
        sum(tokens_cache_write) AS tokens_cache_write,
        sum(tokens_out) AS tokens_out,
        sum(tokens_reasoning) AS tokens_reasoning,
        sum(tokens_total) AS tokens_total,
        sum(personas_created) AS personas_created,
        sum(personas_deleted) AS personas_deleted,
        sum(timeline_appended) AS timeline_appended,
        sum(timeline_superseded) AS timeline_superseded,
        sum(files) AS files,
        sum("bytes") AS "bytes",
        sum(tool_calls) AS tool_calls,
        sum(errors) AS errors
    FROM sides
    GROUP BY event_day, tenant_id
)

SELECT
    event_day,
    count(*) AS compared,
    CAST(coalesce(sum(CASE WHEN records <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(CASE WHEN requests <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS requests,
    CAST(coalesce(sum(CASE WHEN prompts <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS prompts,
    CAST(coalesce(sum(CASE WHEN runs <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS runs,
    CAST(coalesce(sum(CASE WHEN messages <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS messages,
    CAST(coalesce(sum(CASE WHEN tokens_in <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_in,
    CAST(coalesce(sum(CASE WHEN tokens_cached <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_cached,
    CAST(coalesce(sum(CASE WHEN tokens_cache_write <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_cache_write,
    CAST(coalesce(sum(CASE WHEN tokens_out <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_out,
    CAST(coalesce(sum(CASE WHEN tokens_reasoning <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_reasoning,
    CAST(coalesce(sum(CASE WHEN tokens_total <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tokens_total,
    CAST(coalesce(sum(CASE WHEN personas_created <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS personas_created,
    CAST(coalesce(sum(CASE WHEN personas_deleted <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS personas_deleted,
    CAST(coalesce(sum(CASE WHEN timeline_appended <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS timeline_appended,
    CAST(coalesce(sum(CASE WHEN timeline_superseded <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS timeline_superseded,
    CAST(coalesce(sum(CASE WHEN files <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS files,
    CAST(coalesce(sum(CASE WHEN "bytes" <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS "bytes",
    CAST(coalesce(sum(CASE WHEN tool_calls <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS tool_calls,
    CAST(coalesce(sum(CASE WHEN errors <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS errors
FROM apart
GROUP BY event_day
