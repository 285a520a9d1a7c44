-- Requests, errors and latencies of each event day, by tenant, model and latency bucket.
-- Latencies are grouped before they are put into buckets: there are few distinct ones.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        model,
        latency_ms,
        sum(requests) AS requests,
        sum(is_failed) AS errors,
        count(latency_ms) AS measured
    FROM metered_records
    WHERE is_request = 1 OR latency_ms IS NOT NULL
    GROUP BY event_day, tenant_id, model, latency_ms
),

latencies AS (
    SELECT DISTINCT latency_ms
    FROM grouped
    WHERE latency_ms IS NOT NULL
),

bucketed AS (
    SELECT
        latencies.latency_ms,
        latency_buckets.to_ms
    FROM latencies
    INNER JOIN latency_buckets
        ON latencies.latency_ms > latency_buckets.above_ms AND latencies.latency_ms <= latency_buckets.to_ms
)

SELECT
    grouped.event_day AS day,
    grouped.tenant_id,
    grouped.model,
    coalesce(bucketed.to_ms, -1) AS latency_to_ms,
    CAST(sum(grouped.requests) AS BIGINT) AS requests,
    CAST(sum(grouped.errors) AS BIGINT) AS errors,
    CAST(sum(grouped.measured) AS BIGINT) AS measured
FROM grouped
LEFT JOIN bucketed ON grouped.latency_ms = bucketed.latency_ms
GROUP BY grouped.event_day, grouped.tenant_id, grouped.model, coalesce(bucketed.to_ms, -1)
