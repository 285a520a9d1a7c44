-- On each event day, for how many tenants and dimensions the values do not add up to the tenant's records, for each
-- metric. Conversations are compared with those that began, which the records of one day cannot tell.
WITH sides AS (
    SELECT
        event_day,
        tenant_id,
        dimension,
{% for metric in metrics %}
        {{ 'CAST(0 AS BIGINT) AS ' if metric not in record_metrics }}{{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM counted_totals
    CROSS JOIN dimensions
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        dimension,
{% for metric in metrics %}
        {{ 'CAST(0 AS BIGINT) AS ' if metric in record_metrics }}{{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM conversation_starts
    CROSS JOIN dimensions
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        dimension,
{% for metric in metrics %}
        -{{ metric }} AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM daily_breakdown
),

apart AS (
    SELECT
        event_day,
        tenant_id,
        dimension,
{% for metric in metrics %}
        sum({{ metric }}) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM sides
    GROUP BY event_day, tenant_id, dimension
)

SELECT
    event_day,
    count(*) AS compared,
{% for metric in metrics %}
    CAST(sum(CASE WHEN {{ metric }} <> 0 THEN 1 ELSE 0 END) AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM apart
WHERE NOT EXISTS (
    SELECT 1
    FROM pruned_tenants
    WHERE pruned_tenants.tenant_id = apart.tenant_id AND apart.event_day < pruned_tenants.first_kept
)
GROUP BY event_day
