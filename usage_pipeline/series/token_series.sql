-- Tokens per tenant on each event day.
SELECT
    day,
    tenant_id,
    CAST(sum(tokens_total) AS BIGINT) AS total
FROM daily_usage
GROUP BY day, tenant_id
