-- The conversations that began on the event day: those without a record in the look-back before it.
-- `conversations` holds the event day and the days of the look-back.
WITH earlier AS (
    SELECT DISTINCT conversations.conversation_digest
    FROM conversations
    CROSS JOIN parameters
    WHERE conversations.day < parameters.event_day AND conversations.conversation_digest IS NOT NULL
),

begun AS (
    SELECT conversations.*
    FROM conversations
    CROSS JOIN parameters
    LEFT JOIN earlier ON conversations.conversation_digest = earlier.conversation_digest
    WHERE conversations.day = parameters.event_day AND earlier.conversation_digest IS NULL
)

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
    CAST(sum(conversations) AS BIGINT) AS conversations
FROM begun
GROUP BY
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
    status
ORDER BY tenant_id, source, type, model, member_id, project, feature, agent, agent_type, status
