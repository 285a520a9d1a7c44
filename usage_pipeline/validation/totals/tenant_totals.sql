-- On each event day, how many tenants have other totals in `{{ table }}` than in `{{ expected }}`, by column.
WITH sides AS (
    SELECT
        event_day,
        tenant_id,
{% for column, metric in compared %}
        {{ metric }} AS {{ column }}{{ ',' if not loop.last }}
{% endfor %}
    FROM {{ expected }}
    UNION ALL
    SELECT
        event_day,
        tenant_id,
{% for column, _ in compared %}
        -{{ column }} AS {{ column }}{{ ',' if not loop.last }}
{% endfor %}
    FROM {{ table }}
),

apart AS (
    SELECT
        event_day,
        tenant_id,
{% for column, _ in compared %}
        sum({{ column }}) AS {{ column }}{{ ',' if not loop.last }}
{% endfor %}
    FROM sides
    GROUP BY event_day, tenant_id
)

SELECT
    event_day,
    count(*) AS compared,
{% for column, _ in compared %}
    CAST(sum(CASE WHEN {{ column }} <> 0 THEN 1 ELSE 0 END) AS BIGINT) AS {{ column }}{{ ',' if not loop.last }}
{% endfor %}
FROM apart
WHERE NOT EXISTS (
    SELECT 1
    FROM pruned_tenants
    WHERE pruned_tenants.tenant_id = apart.tenant_id AND apart.event_day < pruned_tenants.first_kept
)
GROUP BY event_day
