-- What the records of each event day count as, per tenant.
SELECT
    event_day,
    tenant_id,
{% for metric in record_metrics %}
    CAST(sum({{ metric }}) AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM metered_records
GROUP BY event_day, tenant_id
