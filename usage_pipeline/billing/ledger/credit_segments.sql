-- The credits that tenants used on days within which something of their accounts begins or ends, from one boundary to the
-- next. Boundaries are those of `credit_boundaries`, and midnight. A second is of the last boundary up to it, its own
-- instant included.
WITH divided AS (
    SELECT DISTINCT
        tenant_id,
        CAST(boundary AS DATE) AS day
    FROM credit_boundaries
),

together AS (
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
