-- The conversations that had a record on each event day, each with the dimensions of its earliest record.
-- Conversation records without an id carry a number of conversations instead, grouped by dimension.
WITH met AS (
    SELECT
        event_day,
        tenant_id,
        source,
        conversation_id,
        min_by(record_id, struct_pack(occurred_at := occurred_at, record_id := record_id)) AS first_record_id,
        max(occurred_at) AS last_at,
        count(*) AS records
    FROM usage_records
    WHERE conversation_id IS NOT NULL
    GROUP BY event_day, tenant_id, source, conversation_id
),

identified AS (
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        coalesce(usage_records.source, '(none)') AS source,
        coalesce(usage_records.type, '(none)') AS type,
        coalesce(usage_records.model, '(none)') AS model,
        coalesce(usage_records.member_id, '(none)') AS member_id,
        coalesce(usage_records.project, '(none)') AS project,
        coalesce(usage_records.feature, '(none)') AS feature,
        coalesce(usage_records.agent, '(none)') AS agent,
        coalesce(usage_records.agent_type, '(none)') AS agent_type,
        coalesce(usage_records.status, '(none)') AS status,
        sha256(
            parameters.digest_key || chr(31) || met.tenant_id || chr(31) || met.source || chr(31)
            || met.conversation_id
        ) AS conversation_digest,
        usage_records.occurred_at AS first_at,
        met.last_at,
        met.records,
        CAST(1 AS BIGINT) AS conversations
    FROM usage_records
    INNER JOIN met
        ON usage_records.event_day = met.event_day
        AND usage_records.tenant_id = met.tenant_id
        AND usage_records.source = met.source
        AND usage_records.record_id = met.first_record_id
    CROSS JOIN parameters
),

unidentified AS (
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        coalesce(usage_records.source, '(none)') AS source,
        coalesce(usage_records.type, '(none)') AS type,
        coalesce(usage_records.model, '(none)') AS model,
        coalesce(usage_records.member_id, '(none)') AS member_id,
        coalesce(usage_records.project, '(none)') AS project,
        coalesce(usage_records.feature, '(none)') AS feature,
        coalesce(usage_records.agent, '(none)') AS agent,
        coalesce(usage_records.agent_type, '(none)') AS agent_type,
        coalesce(usage_records.status, '(none)') AS status,
        CAST(NULL AS VARCHAR) AS conversation_digest,
        min(usage_records.occurred_at) AS first_at,
        max(usage_records.occurred_at) AS last_at,
        count(*) AS records,
        CAST(sum(usage_records."count") AS BIGINT) AS conversations
    FROM usage_records
    INNER JOIN event_types ON usage_records.type = event_types.type
    WHERE usage_records.conversation_id IS NULL AND event_types.counts_conversations
    GROUP BY
        usage_records.event_day,
        usage_records.tenant_id,
        coalesce(usage_records.source, '(none)'),
        coalesce(usage_records.type, '(none)'),
        coalesce(usage_records.model, '(none)'),
        coalesce(usage_records.member_id, '(none)'),
        coalesce(usage_records.project, '(none)'),
        coalesce(usage_records.feature, '(none)'),
        coalesce(usage_records.agent, '(none)'),
        coalesce(usage_records.agent_type, '(none)'),
        coalesce(usage_records.status, '(none)')
),

together AS (
    SELECT * FROM identified
    UNION ALL
    SELECT * FROM unidentified
)

SELECT
    event_day AS day,
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
    conversation_digest,
    first_at,
    last_at,
    records,
    conversations
FROM together
ORDER BY event_day, tenant_id, first_at, conversation_digest
