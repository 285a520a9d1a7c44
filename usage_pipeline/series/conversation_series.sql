-- Conversations that began per tenant on each event day.
SELECT
    day,
    tenant_id,
    CAST(sum(conversations) AS BIGINT) AS total
FROM conversation_starts
GROUP BY day, tenant_id
