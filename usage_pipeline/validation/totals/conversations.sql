-- On each event day, how many tenants have other conversations than their records say: their number, and that of
-- their records.
WITH identified AS (
    SELECT
        event_day,
        tenant_id,
        source,
        conversation_id,
        count(*) AS records
    FROM usage_records
    WHERE conversation_id IS NOT NULL
    GROUP BY event_day, tenant_id, source, conversation_id
),

sides AS (
    SELECT
        event_day,
        tenant_id,
        records,
        CAST(1 AS BIGINT) AS conversations
    FROM identified
    UNION ALL
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        CAST(1 AS BIGINT) AS records,
        usage_records."count" AS conversations
    FROM usage_records
    INNER JOIN event_types ON usage_records.type = event_types.type
    WHERE usage_records.conversation_id IS NULL AND event_types.counts_conversations
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        -records AS records,
        -conversations AS conversations
    FROM conversations
),

apart AS (
    SELECT
        event_day,
        tenant_id,
        sum(records) AS records,
        sum(conversations) AS conversations
    FROM sides
    GROUP BY event_day, tenant_id
)

SELECT
    event_day,
    count(*) AS compared,
    CAST(coalesce(sum(CASE WHEN records <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS records,
    CAST(coalesce(sum(CASE WHEN conversations <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS conversations
FROM apart
WHERE NOT EXISTS (
    SELECT 1
    FROM pruned_tenants
    WHERE pruned_tenants.tenant_id = apart.tenant_id AND apart.event_day < pruned_tenants.first_kept
)
GROUP BY event_day
