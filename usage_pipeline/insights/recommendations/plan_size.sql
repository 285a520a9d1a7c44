-- The credits that tenants used in each of their last billing periods, beside those of their plan, and the cheapest
-- plan that has enough for all of these periods: where it is cheaper (`large`), or where the present one had too few
-- in each of them (`small`). Credits that were granted or carried over are left out.
WITH used AS (
    SELECT
        tenant_periods.tenant_id,
        tenant_periods.first_day,
        tenant_periods.last_day,
        tenant_periods.period_number,
        tenant_periods.plan,
        tenant_periods.plan_credits,
        tenant_periods.plan_price,
        CAST(coalesce(sum(credit_usage.operations), 0) AS BIGINT) AS operations,
        sum(CASE WHEN credit_usage.credits IS NULL THEN credit_usage.operations ELSE 0 END) AS unrated_operations,
        CAST(coalesce(sum(credit_usage.credits), 0) AS DECIMAL(38, 12)) AS credits
    FROM tenant_periods
    LEFT JOIN credit_usage
        ON
            tenant_periods.tenant_id = credit_usage.tenant_id
            AND tenant_periods.first_day <= credit_usage.day
            AND credit_usage.day <= tenant_periods.last_day
    GROUP BY ALL
),

wholes AS (
    SELECT
        tenant_id,
        plan,
        plan_credits,
        plan_price,
        count(*) AS periods,
        max(credits) AS most_credits,
        min(credits) AS least_credits,
        sum(unrated_operations) AS unrated_operations,
        sum(CASE WHEN period_number = 1 THEN operations ELSE 0 END) AS first_operations
    FROM used
    GROUP BY tenant_id, plan, plan_credits, plan_price
),

fitting AS (
    SELECT
        wholes.*,
        plans.new_plan,
        plans.new_credits,
        plans.new_price,
        row_number() OVER (
            PARTITION BY wholes.tenant_id ORDER BY plans.new_price, plans.new_credits DESC, plans.new_plan
        ) AS price_rank
    FROM wholes
    INNER JOIN plans
        ON wholes.plan <> plans.new_plan AND wholes.most_credits <= plans.new_credits
    WHERE
        wholes.first_operations > 0
{% if size == 'large' %}
        AND plans.new_price < wholes.plan_price
        AND plans.new_credits < wholes.plan_credits
{% else %}
        AND wholes.least_credits > wholes.plan_credits
{% endif %}
)

SELECT
    used.tenant_id,
    row_number() OVER (PARTITION BY used.tenant_id ORDER BY used.first_day DESC) AS place,
    used.first_day,
    used.last_day,
    used.operations,
    used.credits,
    used.plan,
    used.plan_credits,
    used.plan_price,
    fitting.new_plan,
    fitting.new_credits,
    fitting.new_price,
    fitting.periods,
    fitting.most_credits,
    fitting.least_credits,
    CAST(coalesce(fitting.unrated_operations, 0) AS BIGINT) AS unrated_operations,
{% if size == 'large' %}
    CAST(used.plan_price - fitting.new_price AS DECIMAL(38, 12)) AS saving_usd,
{% else %}
    CAST(NULL AS DECIMAL(38, 12)) AS saving_usd,
{% endif %}
    CAST(NULL AS DECIMAL(38, 12)) AS saving_credits
FROM used
INNER JOIN fitting ON used.tenant_id = fitting.tenant_id
WHERE fitting.price_rank = 1
