-- The cost of each value of a dimension on each event day, by class, for one dimension at a time.
WITH valued AS (
    SELECT
        daily_costs.day,
        daily_costs.tenant_id,
        dimensions.dimension,
        CASE dimensions.dimension
{% for dimension in dimensions %}
            WHEN '{{ dimension }}' THEN daily_costs.{{ dimension }}
{% endfor %}
        END AS value,
        daily_costs.class,
        daily_costs.quantity,
        daily_costs.amount,
        daily_costs.price_book_version
    FROM daily_costs
    CROSS JOIN dimensions
),

ranked AS (
    SELECT
        day,
        tenant_id,
        dimension,
        value,
        row_number() OVER (PARTITION BY day, tenant_id, dimension ORDER BY sum(quantity) DESC, value) AS value_rank
    FROM valued
    GROUP BY day, tenant_id, dimension, value
)

SELECT
    valued.day,
    valued.tenant_id,
    valued.dimension,
    CASE WHEN ranked.value_rank <= 1000 THEN valued.value ELSE '(other)' END AS value,
    valued.class,
    CAST(sum(valued.quantity) AS BIGINT) AS quantity,
    CAST(sum(CASE WHEN valued.amount IS NULL THEN valued.quantity ELSE 0 END) AS BIGINT) AS unpriced_quantity,
    CAST(sum(valued.amount) AS DECIMAL(38, 12)) AS amount,
    valued.price_book_version
FROM valued
INNER JOIN ranked
    ON
        valued.day = ranked.day
        AND valued.tenant_id = ranked.tenant_id
        AND valued.dimension = ranked.dimension
        AND valued.value = ranked.value
GROUP BY ALL
