-- Requests, errors and latencies of each event day, by tenant, model and latency bucket.
-- Latencies are grouped before they are put into buckets: there are few distinct ones.
WITH grouped AS (
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        coalesce(usage_records.model, '(none)') AS model,
        usage_records.latency_ms,
        sum(coalesce(usage_records.api_calls, 1) * coalesce(event_types.requests, 0)) AS requests,
        sum(
            CASE WHEN usage_records.status = 'failed' OR usage_records.error_code IS NOT NULL THEN 1 ELSE 0 END
        ) AS errors,
        count(usage_records.latency_ms) AS measured
    FROM usage_records
    LEFT JOIN event_types ON usage_records.type = event_types.type
    WHERE event_types.requests = 1 OR usage_records.latency_ms IS NOT NULL
    GROUP BY
        usage_records.event_day,
        usage_records.tenant_id,
        coalesce(usage_records.model, '(none)'),
        usage_records.latency_ms
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
