-- What each value of a dimension came to on each event day, for one dimension at a time.
WITH together AS (
    SELECT
        day,
        tenant_id,
        source,
        type,
        model,
        member_id,
        project,
        feature,
        agent,
        agent_type,
        status,
        records,
        requests,
        prompts,
        runs,
        messages,
        CAST(0 AS BIGINT) AS conversations,
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
    FROM daily_usage
    UNION ALL
    SELECT
        day,
        tenant_id,
        source,
        type,
        model,
        member_id,
        project,
        feature,
        agent,
        agent_type,
        status,
        CAST(0 AS BIGINT) AS records,
        CAST(0 AS BIGINT) AS requests,
        CAST(0 AS BIGINT) AS prompts,
        CAST(0 AS BIGINT) AS runs,
        CAST(0 AS BIGINT) AS messages,
        conversations,
        CAST(0 AS BIGINT) AS tokens_in,
        CAST(0 AS BIGINT) AS tokens_cached,
        CAST(0 AS BIGINT) AS tokens_cache_write,
        CAST(0 AS BIGINT) AS tokens_out,
        CAST(0 AS BIGINT) AS tokens_reasoning,
        CAST(0 AS BIGINT) AS tokens_total,
        CAST(0 AS BIGINT) AS personas_created,
        CAST(0 AS BIGINT) AS personas_deleted,
        CAST(0 AS BIGINT) AS timeline_appended,
        CAST(0 AS BIGINT) AS timeline_superseded,
        CAST(0 AS BIGINT) AS files,
        CAST(0 AS BIGINT) AS "bytes",
        CAST(0 AS BIGINT) AS tool_calls,
        CAST(0 AS BIGINT) AS errors
    FROM conversation_starts
),

valued AS (
    SELECT
        together.*,
        dimensions.dimension,
        CASE dimensions.dimension
            WHEN 'source' THEN together.source
            WHEN 'type' THEN together.type
            WHEN 'model' THEN together.model
            WHEN 'member_id' THEN together.member_id
            WHEN 'project' THEN together.project
            WHEN 'feature' THEN together.feature
            WHEN 'agent' THEN together.agent
            WHEN 'agent_type' THEN together.agent_type
            WHEN 'status' THEN together.status
        END AS value
    FROM together
    CROSS JOIN dimensions
),

totals AS (
    SELECT
        day,
        tenant_id,
        dimension,
        value,
        sum(records) AS records,
        sum(requests) AS requests,
        sum(prompts) AS prompts,
        sum(runs) AS runs,
        sum(messages) AS messages,
        sum(conversations) AS conversations,
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
    FROM valued
    GROUP BY day, tenant_id, dimension, value
),

ranked AS (
    SELECT
        totals.*,
        row_number() OVER (
            PARTITION BY day, tenant_id, dimension
            ORDER BY tokens_total DESC, records DESC, conversations DESC, value
        ) AS value_rank
    FROM totals
)

SELECT
    day,
    tenant_id,
    dimension,
    CASE WHEN value_rank <= 1000 THEN value ELSE '(other)' END AS value,
    CAST(sum(records) AS BIGINT) AS records,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(prompts) AS BIGINT) AS prompts,
    CAST(sum(runs) AS BIGINT) AS runs,
    CAST(sum(messages) AS BIGINT) AS messages,
    CAST(sum(conversations) AS BIGINT) AS conversations,
    CAST(sum(tokens_in) AS BIGINT) AS tokens_in,
    CAST(sum(tokens_cached) AS BIGINT) AS tokens_cached,
    CAST(sum(tokens_cache_write) AS BIGINT) AS tokens_cache_write,
    CAST(sum(tokens_out) AS BIGINT) AS tokens_out,
    CAST(sum(tokens_reasoning) AS BIGINT) AS tokens_reasoning,
    CAST(sum(tokens_total) AS BIGINT) AS tokens_total,
    CAST(sum(personas_created) AS BIGINT) AS personas_created,
    CAST(sum(personas_deleted) AS BIGINT) AS personas_deleted,
    CAST(sum(timeline_appended) AS BIGINT) AS timeline_appended,
    CAST(sum(timeline_superseded) AS BIGINT) AS timeline_superseded,
    CAST(sum(files) AS BIGINT) AS files,
    CAST(sum("bytes") AS BIGINT) AS "bytes",
    CAST(sum(tool_calls) AS BIGINT) AS tool_calls,
    CAST(sum(errors) AS BIGINT) AS errors
FROM ranked
GROUP BY day, tenant_id, dimension, CASE WHEN value_rank <= 1000 THEN value ELSE '(other)' END
