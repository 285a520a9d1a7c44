-- The rows of a table after an erasure: those of the tenant, and those of tenants erased before, are summed.
WITH replaced AS (
    SELECT
{% for name, value, _ in columns %}
        {{ value }} AS "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
    FROM stored
    WHERE tenant_id IN {{ tenants }}
)

SELECT
{% for name, _, _ in columns %}
    "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
FROM stored
WHERE tenant_id NOT IN {{ tenants }}
UNION ALL
SELECT
{% for name, _, total in columns %}
    {{ total or '"' ~ name ~ '"' }} AS "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
FROM replaced
GROUP BY
{% for name, _, total in columns if not total %}
    "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
