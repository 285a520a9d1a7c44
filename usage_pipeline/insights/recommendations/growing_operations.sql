-- Operations that are a large part of a tenant's cost or credits, and that cost much more than in the days before.
-- An operation is a type of event of a feature. The days since `since` are compared with as many before; a tenant who
-- has begun in these does not grow. Of an operation of which something has no price or no rate, nobody knows whether
-- it grew. What it grew by is no saving: more may have been asked for.
WITH spent AS (
    SELECT
        daily_costs.tenant_id,
        daily_costs.day,
        daily_costs.type,
        daily_costs.feature,
        CASE WHEN parameters.since <= daily_costs.day THEN daily_costs.amount ELSE 0 END AS cost,
        CASE WHEN daily_costs.day < parameters.since THEN daily_costs.amount ELSE 0 END AS cost_before,
        0 AS credits,
        0 AS credits_before,
        CASE WHEN daily_costs.amount IS NULL THEN daily_costs.quantity ELSE 0 END AS unpriced,
        0 AS unrated
    FROM daily_costs
    CROSS JOIN parameters
    UNION ALL
    SELECT
        credit_usage.tenant_id,
        credit_usage.day,
        credit_usage.type,
        credit_usage.feature,
        0 AS cost,
        0 AS cost_before,
        CASE WHEN parameters.since <= credit_usage.day THEN credit_usage.credits ELSE 0 END AS credits,
        CASE WHEN credit_usage.day < parameters.since THEN credit_usage.credits ELSE 0 END AS credits_before,
        0 AS unpriced,
        CASE WHEN credit_usage.credits IS NULL THEN credit_usage.operations ELSE 0 END AS unrated
    FROM credit_usage
    CROSS JOIN parameters
),

operations AS (
    SELECT
        tenant_id,
        type,
        feature,
        CAST(coalesce(sum(cost), 0) AS DECIMAL(38, 12)) AS cost,
        CAST(coalesce(sum(cost_before), 0) AS DECIMAL(38, 12)) AS cost_before,
        CAST(coalesce(sum(credits), 0) AS DECIMAL(38, 12)) AS credits,
        CAST(coalesce(sum(credits_before), 0) AS DECIMAL(38, 12)) AS credits_before,
        sum(unpriced) AS unpriced,
        sum(unrated) AS unrated
    FROM spent
    GROUP BY tenant_id, type, feature
),

begun AS (
    SELECT tenant_id, min(day) AS first_day
    FROM spent
    GROUP BY tenant_id
),

compared AS (
    SELECT
        operations.*,
        sum(cost) OVER (PARTITION BY tenant_id) AS all_cost,
        sum(credits) OVER (PARTITION BY tenant_id) AS all_credits
    FROM operations
),

judged AS (
    SELECT
        compared.*,
        parameters.days,
        cost_before > 0
        AND unpriced = 0
        AND parameters.least_cost <= cost
        AND parameters.least_share_percent * all_cost <= 100 * cost
        AND (100 + parameters.least_growth_percent) * cost_before <= 100 * cost AS grows_in_cost,
        credits_before > 0
        AND unrated = 0
        AND parameters.least_credits <= credits
        AND parameters.least_share_percent * all_credits <= 100 * credits
        AND (100 + parameters.least_growth_percent) * credits_before <= 100 * credits AS grows_in_credits
    FROM compared
    INNER JOIN begun ON compared.tenant_id = begun.tenant_id
    CROSS JOIN parameters
    WHERE begun.first_day <= parameters.begun_by
),

growing AS (
    SELECT
        judged.*,
        CASE WHEN cost > cost_before THEN cost - cost_before END AS more_cost,
        CASE WHEN credits > credits_before THEN credits - credits_before END AS more_credits
    FROM judged
    WHERE grows_in_cost OR grows_in_credits
)

SELECT
    tenant_id,
    row_number() OVER (
        PARTITION BY tenant_id ORDER BY coalesce(more_cost, 0) DESC, coalesce(more_credits, 0) DESC, type, feature
    ) AS place,
    type,
    feature,
    cost,
    cost_before,
    credits,
    credits_before,
    all_cost,
    all_credits,
    sum(cost) OVER (PARTITION BY tenant_id) AS costs,
    sum(cost_before) OVER (PARTITION BY tenant_id) AS costs_before,
    sum(credits) OVER (PARTITION BY tenant_id) AS sum_of_credits,
    sum(credits_before) OVER (PARTITION BY tenant_id) AS sum_of_credits_before,
    days,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_usd,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_credits
FROM growing
