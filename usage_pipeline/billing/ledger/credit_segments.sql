-- The credits that tenants used from one boundary to the next. Boundaries are those of `credit_boundaries`, and every
-- midnight. A second is of the last boundary up to it, its own instant included. Only tenants with a boundary are asked.
-- Days without a boundary within them are read from `credit_days`, the others from `credit_seconds`.
WITH asked AS (
    SELECT DISTINCT tenant_id
    FROM credit_boundaries
),

divided AS (
    SELECT DISTINCT
        tenant_id,
        CAST(boundary AS DATE) AS day
    FROM credit_boundaries
    WHERE boundary <> CAST(CAST(boundary AS DATE) AS TIMESTAMP)
),

together AS (
    SELECT
        credit_days.day,
        credit_days.tenant_id,
        CAST(credit_days.day AS TIMESTAMP) AS happened_at,
        CAST(credit_days.day AS TIMESTAMP) AS boundary,
        credit_days.credits
    FROM credit_days
    INNER JOIN asked ON credit_days.tenant_id = asked.tenant_id
    LEFT JOIN divided ON credit_days.tenant_id = divided.tenant_id AND credit_days.day = divided.day
    WHERE divided.day IS NULL
    UNION ALL
    SELECT
        credit_seconds.day,
        credit_seconds.tenant_id,
        credit_seconds.used_at AS happened_at,
        CAST(credit_seconds.day AS TIMESTAMP) AS boundary,
        credit_seconds.credits
    FROM credit_seconds
    INNER JOIN divided ON credit_seconds.tenant_id = divided.tenant_id AND credit_seconds.day = divided.day
    UNION ALL
    SELECT
        CAST(boundary AS DATE) AS day,
        tenant_id,
        boundary AS happened_at,
        boundary,
        CAST(0 AS DECIMAL(38, 12)) AS credits
    FROM credit_boundaries
),

segmented AS (
    SELECT
        tenant_id,
        max(boundary) OVER (PARTITION BY tenant_id, day ORDER BY happened_at) AS begins_at,
        credits
    FROM together
)

SELECT
    tenant_id,
    begins_at,
    CAST(sum(credits) AS DECIMAL(38, 12)) AS credits
FROM segmented
GROUP BY tenant_id, begins_at
HAVING sum(credits) > 0
ORDER BY tenant_id, begins_at
