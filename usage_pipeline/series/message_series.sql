-- Messages per tenant on each event day.
SELECT
    day,
    tenant_id,
    CAST(sum(messages) AS BIGINT) AS total
FROM daily_usage
GROUP BY day, tenant_id
