-- On each event day, how many tenants have another total in the series than by their records.
WITH sides AS (
    SELECT
        event_day,
        tenant_id,
        messages AS total
    FROM counted_totals
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        -total AS total
    FROM message_series
),

apart AS (
    SELECT
        event_day,
        tenant_id,
        sum(total) AS total
    FROM sides
    GROUP BY event_day, tenant_id
)

SELECT
    event_day,
    count(*) AS compared,
    CAST(coalesce(sum(CASE WHEN total <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS total
FROM apart
GROUP BY event_day
