-- The conversations that began on each of the event days: those without a record in the look-back before it.
-- `conversations` holds the days asked for and those of the look-back before them. It is the large side.
WITH asked AS (
    SELECT conversations.*
    FROM conversations
    INNER JOIN event_days ON conversations.day = event_days.event_day
),

continued AS (
    SELECT DISTINCT
        asked.day,
        asked.conversation_digest
    FROM conversations
    INNER JOIN asked
        ON conversations.conversation_digest = asked.conversation_digest
        AND conversations.day < asked.day
    CROSS JOIN parameters
    WHERE date_diff('day', conversations.day, asked.day) <= parameters.lookback_days
),

begun AS (
    SELECT asked.*
    FROM asked
    LEFT JOIN continued
        ON asked.conversation_digest = continued.conversation_digest
        AND asked.day = continued.day
    WHERE continued.conversation_digest IS NULL
)

SELECT
    day,
    tenant_id,
    {{ dimensions | join(', ') }},
    CAST(sum(conversations) AS BIGINT) AS conversations
FROM begun
GROUP BY day, tenant_id, {{ dimensions | join(', ') }}
ORDER BY day, tenant_id, {{ dimensions | join(', ') }}
