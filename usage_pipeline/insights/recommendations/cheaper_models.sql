-- What prompts cost of models, and what the cheapest model of the same family would have cost by the prices of one
-- day. Only usual usage with a price is compared, and only with models that have a price for all classes of it.
WITH prompt_types AS (
    SELECT DISTINCT type
    FROM daily_usage
    WHERE prompts > 0
),

used AS (
    SELECT
        daily_costs.tenant_id,
        daily_costs.model,
        daily_costs.price_id,
        daily_costs.class,
        CAST(sum(daily_costs.quantity) AS BIGINT) AS quantity,
        sum(daily_costs.amount) AS amount
    FROM daily_costs
    INNER JOIN prompt_types ON daily_costs.type = prompt_types.type
    WHERE
        daily_costs.amount IS NOT NULL
{% for name, usual in usual_values %}
        AND (
            {% for value in usual %}{{ ' OR ' if not loop.first }}daily_costs.{{ name }} = {{ value }}{% endfor %}

        )
{% endfor %}
    GROUP BY daily_costs.tenant_id, daily_costs.model, daily_costs.price_id, daily_costs.class
),

wholes AS (
    SELECT tenant_id, model, price_id, count(*) AS classes, sum(amount) AS amount
    FROM used
    GROUP BY tenant_id, model, price_id
),

compared AS (
    SELECT
        used.tenant_id,
        used.model,
        used.price_id,
        alternatives.alternative,
        count(*) AS classes,
        sum(used.quantity * alternatives.unit_price) AS amount
    FROM used
    INNER JOIN alternatives ON used.price_id = alternatives.price_id AND used.class = alternatives.class
    GROUP BY used.tenant_id, used.model, used.price_id, alternatives.alternative
),

ranked AS (
    SELECT
        compared.tenant_id,
        compared.model,
        compared.price_id,
        compared.alternative,
        wholes.amount AS cost,
        compared.amount AS other_cost,
        row_number() OVER (
            PARTITION BY compared.tenant_id, compared.model, compared.price_id
            ORDER BY compared.amount, compared.alternative
        ) AS price_rank
    FROM compared
    INNER JOIN wholes
        ON
            compared.tenant_id = wholes.tenant_id
            AND compared.model = wholes.model
            AND compared.price_id = wholes.price_id
            AND compared.classes = wholes.classes
),

prompts AS (
    SELECT tenant_id, model, CAST(sum(prompts) AS BIGINT) AS prompts
    FROM daily_usage
    GROUP BY tenant_id, model
),

cheaper AS (
    SELECT ranked.*, prompts.prompts, parameters.days, parameters.as_of, parameters.least_saving
    FROM ranked
    INNER JOIN prompts ON ranked.tenant_id = prompts.tenant_id AND ranked.model = prompts.model
    CROSS JOIN parameters
    WHERE
        ranked.price_rank = 1
        AND prompts.prompts > 0
        AND parameters.least_saving <= ranked.cost - ranked.other_cost
)

SELECT
    tenant_id,
    row_number() OVER (PARTITION BY tenant_id ORDER BY cost - other_cost DESC, model, price_id) AS place,
    model,
    price_id,
    alternative,
    prompts,
    CAST(cost AS DECIMAL(38, 12)) AS cost,
    CAST(other_cost AS DECIMAL(38, 12)) AS other_cost,
    CAST(sum(cost) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS costs,
    CAST(sum(other_cost) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS other_costs,
    days,
    as_of,
    least_saving,
    CAST(sum(cost - other_cost) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_credits
FROM cheaper
