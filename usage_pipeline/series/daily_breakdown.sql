-- The usage of each value of a dimension on each event day, for one dimension at a time.
WITH together AS (
    SELECT
        day,
        tenant_id,
        {{ dimensions | join(', ') }},
{% for metric in metrics %}
        {{ 'CAST(0 AS BIGINT) AS ' if metric not in record_metrics }}{{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM daily_usage
    UNION ALL
    SELECT
        day,
        tenant_id,
        {{ dimensions | join(', ') }},
{% for metric in metrics %}
        {{ 'CAST(0 AS BIGINT) AS ' if metric in record_metrics }}{{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM conversation_starts
),

valued AS (
    SELECT
        together.*,
        dimensions.dimension,
        CASE dimensions.dimension
{% for dimension in dimensions %}
            WHEN '{{ dimension }}' THEN together.{{ dimension }}
{% endfor %}
        END AS value
    FROM together
    CROSS JOIN dimensions
),

totals AS (
    SELECT
        day,
        tenant_id,
        dimension,
        value,
{% for metric in metrics %}
        sum({{ metric }}) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM valued
    GROUP BY day, tenant_id, dimension, value
),

ranked AS (
    SELECT
        totals.*,
        row_number() OVER (
            PARTITION BY day, tenant_id, dimension
            ORDER BY tokens_total DESC, records DESC, conversations DESC, value
        ) AS value_rank
    FROM totals
)

SELECT
    day,
    tenant_id,
    dimension,
    CASE WHEN value_rank <= 1000 THEN value ELSE '(other)' END AS value,
{% for metric in metrics %}
    CAST(sum({{ metric }}) AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM ranked
GROUP BY day, tenant_id, dimension, CASE WHEN value_rank <= 1000 THEN value ELSE '(other)' END
