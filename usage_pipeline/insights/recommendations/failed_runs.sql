-- What runs cost that failed, by type, feature and model, beside all runs of the tenant. A run is a record of a type
-- that counts as one.
WITH run_types AS (
    SELECT DISTINCT type
    FROM daily_usage
    WHERE runs > 0
),

runs AS (
    SELECT
        tenant_id,
        type,
        feature,
        model,
        CAST(sum(runs) AS BIGINT) AS runs,
        CAST(sum(CASE WHEN status = 'failed' THEN runs ELSE 0 END) AS BIGINT) AS failed_runs
    FROM daily_usage
    GROUP BY tenant_id, type, feature, model
),

all_runs AS (
    SELECT tenant_id, CAST(sum(runs) AS BIGINT) AS runs, CAST(sum(failed_runs) AS BIGINT) AS failed_runs
    FROM runs
    GROUP BY tenant_id
),

costs AS (
    SELECT
        daily_costs.tenant_id,
        daily_costs.type,
        daily_costs.feature,
        daily_costs.model,
        sum(daily_costs.amount) AS cost,
        sum(
            CASE WHEN daily_costs.amount IS NULL AND daily_costs.class <> 'request' THEN daily_costs.quantity ELSE 0 END
        ) AS unpriced
    FROM daily_costs
    INNER JOIN run_types ON daily_costs.type = run_types.type
    WHERE daily_costs.status = 'failed'
    GROUP BY daily_costs.tenant_id, daily_costs.type, daily_costs.feature, daily_costs.model
),

credits AS (
    SELECT
        credit_usage.tenant_id, credit_usage.type, credit_usage.feature, credit_usage.model, sum(credits) AS credits
    FROM credit_usage
    INNER JOIN run_types ON credit_usage.type = run_types.type
    WHERE credit_usage.status = 'failed'
    GROUP BY credit_usage.tenant_id, credit_usage.type, credit_usage.feature, credit_usage.model
),

failed AS (
    SELECT
        runs.*,
        CAST(costs.cost AS DECIMAL(38, 12)) AS cost,
        CAST(credits.credits AS DECIMAL(38, 12)) AS credits,
        coalesce(costs.unpriced, 0) AS unpriced,
        all_runs.runs AS all_runs,
        all_runs.failed_runs AS all_failed_runs,
        parameters.days
    FROM runs
    INNER JOIN all_runs ON runs.tenant_id = all_runs.tenant_id
    LEFT JOIN costs
        ON
            runs.tenant_id = costs.tenant_id
            AND runs.type = costs.type
            AND runs.feature = costs.feature
            AND runs.model = costs.model
    LEFT JOIN credits
        ON
            runs.tenant_id = credits.tenant_id
            AND runs.type = credits.type
            AND runs.feature = credits.feature
            AND runs.model = credits.model
    CROSS JOIN parameters
    WHERE runs.failed_runs > 0 AND (costs.cost > 0 OR credits.credits > 0)
)

SELECT
    tenant_id,
    row_number() OVER (
        PARTITION BY tenant_id ORDER BY coalesce(cost, 0) DESC, coalesce(credits, 0) DESC, type, feature, model
    ) AS place,
    type,
    feature,
    model,
    runs,
    failed_runs,
    cost,
    credits,
    all_runs,
    all_failed_runs,
    CAST(sum(unpriced) OVER (PARTITION BY tenant_id) AS BIGINT) AS all_unpriced,
    days,
    CAST(sum(cost) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(sum(credits) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_credits
FROM failed
