-- What was used on each day of each limit by the values of its scope, and how much of that is not known.
-- `limits` has one row per limit, tenant and period. All of them are restricted by the same dimensions: to one value of
-- some, and to each value for itself of others, of those that are somebody's. Of a limit of `rolling_days` the days
-- before its period are there, too: what is used on a day counts for so many days.
WITH periods AS (
    SELECT
        tenant_id,
        min(read_from) AS first_day,
        max(last_day) AS last_day
    FROM limits
    GROUP BY tenant_id
),

used AS (
    SELECT
        counted.day,
        counted.tenant_id,
{% for name in each + named %}
        counted.{{ name }},
{% endfor %}
{% for metric, column in limited %}
        sum(counted.{{ column }}) AS {{ metric }},
        count(*) - count(counted.{{ column }}) AS unknown_{{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM {{ source }} AS counted
    INNER JOIN periods
        ON counted.tenant_id = periods.tenant_id
        AND periods.first_day <= counted.day
        AND counted.day <= periods.last_day
{% for name in each %}
        AND counted.{{ name }} <> '(none)'
        AND counted.{{ name }} <> '(erased)'
{% endfor %}
    GROUP BY ALL
)

SELECT
    limits.number,
    limits.amount,
    limits.least,
    limits.first_day,
    limits.last_day,
    limits.rolling_days,
    used.day,
{% for name in scoped %}
    {{ 'used.' ~ name if name in each + named else "''" }} AS {{ name }},
{% endfor %}
    CASE limits.metric
{% for metric, _ in limited %}
        WHEN '{{ metric }}' THEN CAST(coalesce(used.{{ metric }}, 0) AS DECIMAL(38, 12))
{% endfor %}
    END AS quantity,
    CASE limits.metric
{% for metric, _ in limited %}
        WHEN '{{ metric }}' THEN used.unknown_{{ metric }}
{% endfor %}
    END AS unknown
FROM used
INNER JOIN limits
    ON used.tenant_id = limits.tenant_id
    AND limits.read_from <= used.day
    AND used.day <= limits.last_day
{% for name in named %}
    AND used.{{ name }} = limits.{{ name }}
{% endfor %}
