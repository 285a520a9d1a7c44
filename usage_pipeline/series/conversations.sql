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
        metered_records.event_day,
        metered_records.tenant_id,
{% for dimension in dimensions %}
        metered_records.{{ dimension }},
{% endfor %}
        -- After an erasure a record has the digest in the place of the id.
        CASE
            WHEN met.conversation_id LIKE 'erased:%' THEN substr(met.conversation_id, 8)
            ELSE sha256(
                parameters.digest_key || chr(31) || met.tenant_id || chr(31) || met.source || chr(31)
                || met.conversation_id
            )
        END AS conversation_digest,
        metered_records.occurred_at AS first_at,
        met.last_at,
        met.records,
        CAST(1 AS BIGINT) AS conversations
    FROM metered_records
    INNER JOIN met
        ON metered_records.event_day = met.event_day
        AND metered_records.tenant_id = met.tenant_id
        AND metered_records.source = met.source
        AND metered_records.record_id = met.first_record_id
    CROSS JOIN parameters
),

unidentified AS (
    SELECT
        event_day,
        tenant_id,
        {{ dimensions | join(', ') }},
        CAST(NULL AS VARCHAR) AS conversation_digest,
        min(occurred_at) AS first_at,
        max(occurred_at) AS last_at,
        count(*) AS records,
        CAST(sum(unidentified_conversations) AS BIGINT) AS conversations
    FROM metered_records
    WHERE unidentified_conversations IS NOT NULL
    GROUP BY event_day, tenant_id, {{ dimensions | join(', ') }}
),

together AS (
    SELECT * FROM identified
    UNION ALL
    SELECT * FROM unidentified
)

SELECT
    event_day AS day,
    tenant_id,
    {{ dimensions | join(', ') }},
    conversation_digest,
    first_at,
    last_at,
    records,
    conversations
FROM together
ORDER BY event_day, tenant_id, first_at, conversation_digest
