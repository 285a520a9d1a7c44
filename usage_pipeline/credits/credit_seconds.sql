-- The credits that each tenant used in each second of the event day. An event is of the second that it happened in.
-- Seconds are cast to whole ones, because in Spark they have a fraction.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        extract(hour FROM occurred_at) AS hour_of_day,
        extract(minute FROM occurred_at) AS minute_of_hour,
        CAST(extract(second FROM occurred_at) AS BIGINT) AS second_of_minute,
        sum(credits) AS credits
    FROM credited_records
    WHERE credits > 0
    GROUP BY ALL
)

SELECT
    event_day AS day,
    tenant_id,
    CAST(event_day AS TIMESTAMP)
        + hour_of_day * INTERVAL '1' HOUR
        + minute_of_hour * INTERVAL '1' MINUTE
        + second_of_minute * INTERVAL '1' SECOND AS used_at,
    CAST(credits AS DECIMAL(38, 12)) AS credits
FROM grouped
ORDER BY event_day, tenant_id, hour_of_day, minute_of_hour, second_of_minute
