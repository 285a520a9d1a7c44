-- The conversations that had a record on the event day, each with the dimensions of its earliest record.
-- Conversation records without an id carry a number of conversations instead, grouped by dimension.
WITH met AS (
    SELECT
        tenant_id,
        source,
        conversation_id,
        min_by(record_id, struct_pack(occurred_at := occurred_at, record_id := record_id)) AS first_record_id,
        max(occurred_at) AS last_at,
        count(*) AS records
    FROM usage_records
    WHERE conversation_id IS NOT NULL
    GROUP BY tenant_id, source, conversation_id
),

identified AS (
    SELECT
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
        ON usage_records.tenant_id = met.tenant_id
        AND usage_records.source = met.source
        AND usage_records.record_id = met.first_record_id
    CROSS JOIN parameters
),

unidentified AS (
    SELECT
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
    parameters.event_day AS day,
    together.tenant_id,
    together.source,
    together.type,
    together.model,
    together.member_id,
    together.project,
    together.feature,
    together.agent,
    together.agent_type,
    together.status,
    together.conversation_digest,
    together.first_at,
    together.last_at,
    together.records,
    together.conversations
FROM together
CROSS JOIN parameters
ORDER BY together.tenant_id, together.first_at, together.conversation_digest
