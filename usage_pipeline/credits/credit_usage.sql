-- The cube of credits of each event day: operations, and their computed and reported credits, by tenant and dimension.
SELECT
    event_day AS day,
    tenant_id,
    {{ dimensions | join(', ') }},
    unrated,
    CAST(sum(is_operation) AS BIGINT) AS operations,
    CAST(sum(credits) AS DECIMAL(38, 12)) AS credits,
    CAST(count(reported_credits) AS BIGINT) AS reporting_records,
    CAST(sum(reported_credits) AS DECIMAL(38, 24)) AS reported_credits,
    credit_rate_version
FROM credited_records
GROUP BY ALL
ORDER BY event_day, tenant_id, {{ dimensions | join(', ') }}, unrated
