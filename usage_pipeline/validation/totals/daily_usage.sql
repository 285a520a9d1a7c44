-- On each event day, how many tenants have other totals in the cube than by their records, for each metric.
WITH sides AS (
    SELECT
        event_day,
        tenant_id,
        {{ record_metrics | join(', ') }}
    FROM counted_totals
    UNION ALL
    SELECT
        event_day,
        tenant_id,
{% for metric in record_metrics %}
        -{{ metric }} AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM daily_usage
),

apart AS (
    SELECT
        event_day,
        tenant_id,
{% for metric in record_metrics %}
        sum({{ metric }}) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM sides
    GROUP BY event_day, tenant_id
)

SELECT
    event_day,
    count(*) AS compared,
{% for metric in record_metrics %}
    CAST(sum(CASE WHEN {{ metric }} <> 0 THEN 1 ELSE 0 END) AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM apart
GROUP BY event_day
