-- Values of {{ dimension }} that were used, but not since `unused_since`, of tenants that went on.
-- Costs and credits are those of all days that are read.
WITH used AS (
    SELECT tenant_id, {{ dimension }} AS unused, max(day) AS last_used, CAST(sum(records) AS BIGINT) AS records
    FROM daily_usage
    WHERE {{ dimension }} <> '(none)'
    GROUP BY tenant_id, {{ dimension }}
),

active AS (
    SELECT DISTINCT daily_usage.tenant_id
    FROM daily_usage
    CROSS JOIN parameters
    WHERE parameters.unused_since <= daily_usage.day
),

costs AS (
    SELECT tenant_id, {{ dimension }} AS unused, sum(amount) AS cost
    FROM daily_costs
    GROUP BY tenant_id, {{ dimension }}
),

credits AS (
    SELECT tenant_id, {{ dimension }} AS unused, sum(credits) AS credits
    FROM credit_usage
    GROUP BY tenant_id, {{ dimension }}
)

SELECT
    used.tenant_id,
    row_number() OVER (PARTITION BY used.tenant_id ORDER BY used.records DESC, used.unused) AS place,
    used.unused,
    used.last_used,
    used.records,
    CAST(costs.cost AS DECIMAL(38, 12)) AS cost,
    CAST(credits.credits AS DECIMAL(38, 12)) AS credits,
    count(*) OVER (PARTITION BY used.tenant_id) AS unused_values,
    max(used.last_used) OVER (PARTITION BY used.tenant_id) AS newest_use,
    parameters.unused_days,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_usd,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_credits
FROM used
INNER JOIN active ON used.tenant_id = active.tenant_id
LEFT JOIN costs ON used.tenant_id = costs.tenant_id AND used.unused = costs.unused
LEFT JOIN credits ON used.tenant_id = credits.tenant_id AND used.unused = credits.unused
CROSS JOIN parameters
WHERE used.last_used < parameters.unused_since
