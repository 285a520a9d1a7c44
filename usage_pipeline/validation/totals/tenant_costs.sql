-- On each event day, by the sums of costs that must be equal: for how many tenants there is such a sum, for how many
-- it is another, and both sums over the tenants for whom it is another. Amounts that are unknown are null.
WITH used AS (
    SELECT
        event_day,
        tenant_id,
        sum(tokens_total) AS tokens
    FROM daily_usage
    GROUP BY event_day, tenant_id
),

rated AS (
    SELECT
        daily_costs.event_day,
        daily_costs.tenant_id,
        sum(daily_costs.quantity * token_classes.is_token) AS tokens,
        sum(daily_costs.amount) AS amount
    FROM daily_costs
    INNER JOIN token_classes ON daily_costs.class = token_classes.class
    GROUP BY daily_costs.event_day, daily_costs.tenant_id
),

sides AS (
    SELECT
        event_day,
        tenant_id,
        'tokens' AS compared,
        CAST(tokens AS DECIMAL(38, 12)) AS expected,
        CAST(0 AS DECIMAL(38, 12)) AS found
    FROM used
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        'tokens' AS compared,
        CAST(0 AS DECIMAL(38, 12)) AS expected,
        CAST(tokens AS DECIMAL(38, 12)) AS found
    FROM rated
    UNION ALL
    SELECT
        rated.event_day,
        rated.tenant_id,
        dimensions.dimension AS compared,
        CAST(rated.amount AS DECIMAL(38, 12)) AS expected,
        CAST(NULL AS DECIMAL(38, 12)) AS found
    FROM rated
    CROSS JOIN dimensions
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        dimension AS compared,
        CAST(NULL AS DECIMAL(38, 12)) AS expected,
        CAST(amount AS DECIMAL(38, 12)) AS found
    FROM tenant_costs
),

sums AS (
    SELECT
        event_day,
        tenant_id,
        compared,
        sum(expected) AS expected,
        sum(found) AS found
    FROM sides
    GROUP BY event_day, tenant_id, compared
),

judged AS (
    SELECT
        event_day,
        compared,
        expected,
        found,
        CASE
            WHEN expected IS NULL AND found IS NULL THEN 0
            WHEN expected = found THEN 0
            ELSE 1
        END AS is_apart
    FROM sums
)

SELECT
    event_day,
    compared,
    count(*) AS tenants,
    CAST(sum(is_apart) AS BIGINT) AS apart,
    CAST(sum(CASE WHEN is_apart = 1 THEN expected END) AS DECIMAL(38, 12)) AS expected,
    CAST(sum(CASE WHEN is_apart = 1 THEN found END) AS DECIMAL(38, 12)) AS found
FROM judged
GROUP BY event_day, compared
ORDER BY event_day, compared
