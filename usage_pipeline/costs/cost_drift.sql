-- Costs that sources report, and the computed costs of the same records.
-- Records are compared if all their usage has a price, in its currency. A record that reports more than ten times its
-- cost has a row of its own, up to 1,000 per tenant and day; all others of a model are one row.
WITH reported AS (
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        model,
        coalesce(currency, '(none)') AS currency,
        reported_cost,
        CASE WHEN currency = 'USD' THEN amount END AS computed_cost,
        CASE WHEN currency = 'USD' AND reported_cost > amount * 10 THEN 1 ELSE 0 END AS is_outlier
    FROM rated_records
    WHERE reported_cost IS NOT NULL
),

ranked AS (
    SELECT
        reported.*,
        row_number() OVER (
            PARTITION BY event_day, tenant_id, is_outlier ORDER BY reported_cost DESC, source, record_id
        ) AS cost_rank
    FROM reported
),

named AS (
    SELECT
        event_day,
        tenant_id,
        model,
        currency,
        CASE WHEN is_outlier = 1 AND cost_rank <= 1000 THEN source ELSE '' END AS source,
        CASE WHEN is_outlier = 1 AND cost_rank <= 1000 THEN record_id ELSE '' END AS record_id,
        reported_cost,
        computed_cost,
        is_outlier
    FROM ranked
)

SELECT
    event_day AS day,
    tenant_id,
    model,
    currency,
    source,
    record_id,
    CAST(count(*) AS BIGINT) AS records,
    CAST(sum(reported_cost) AS DECIMAL(38, 24)) AS reported_cost,
    CAST(count(computed_cost) AS BIGINT) AS compared_records,
    CAST(sum(CASE WHEN computed_cost IS NOT NULL THEN reported_cost END) AS DECIMAL(38, 24))
        AS compared_cost,
    CAST(sum(computed_cost) AS DECIMAL(38, 12)) AS computed_cost,
    CAST(sum(is_outlier) AS BIGINT) AS outliers
FROM named
GROUP BY event_day, tenant_id, model, currency, source, record_id
