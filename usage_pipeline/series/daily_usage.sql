-- The cube of each event day: every metric of records by tenant and dimension.
SELECT
    event_day AS day,
    tenant_id,
    {{ dimensions | join(', ') }},
{% for metric in record_metrics %}
    CAST(sum({{ metric }}) AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM metered_records
GROUP BY event_day, tenant_id, {{ dimensions | join(', ') }}
ORDER BY event_day, tenant_id, {{ dimensions | join(', ') }}
