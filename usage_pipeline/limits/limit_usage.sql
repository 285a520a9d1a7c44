-- What was used of each limit by the values of its scope, and the first day on which that was more than its amount.
-- `limits` has one row per limit and tenant; null is no restriction, and * is each value for itself, of those that are
-- somebody's.
WITH periods AS (
    SELECT
        tenant_id,
        min(first_day) AS first_day,
        max(last_day) AS last_day
    FROM limits
    GROUP BY tenant_id
),

used AS (
    SELECT
        counted.day,
        counted.tenant_id,
{% for name in scoped %}
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
    GROUP BY ALL
),

by_day AS (
    SELECT
        limits.number,
        limits.amount,
        used.day,
{% for name in scoped %}
        CASE WHEN limits.{{ name }} IS NULL THEN '' ELSE used.{{ name }} END AS {{ name }},
{% endfor %}
        sum(
            CASE limits.metric
{% for metric, _ in limited %}
                WHEN '{{ metric }}' THEN CAST(coalesce(used.{{ metric }}, 0) AS DECIMAL(38, 12))
{% endfor %}
            END
        ) AS quantity,
        sum(
            CASE limits.metric
{% for metric, _ in limited %}
                WHEN '{{ metric }}' THEN used.unknown_{{ metric }}
{% endfor %}
            END
        ) AS unknown
    FROM used
    INNER JOIN limits
        ON used.tenant_id = limits.tenant_id
        AND limits.first_day <= used.day
        AND used.day <= limits.last_day
{% for name in scoped %}
        AND (
            limits.{{ name }} IS NULL
            OR limits.{{ name }} = used.{{ name }}
            OR (limits.{{ name }} = '*' AND used.{{ name }} <> '(none)' AND used.{{ name }} <> '(erased)')
        )
{% endfor %}
    GROUP BY ALL
),

running AS (
    SELECT
        by_day.*,
        sum(quantity) OVER (PARTITION BY number, {{ scoped | join(', ') }} ORDER BY day) AS so_far
    FROM by_day
)

SELECT
    number,
    {{ scoped | join(', ') }},
    CAST(sum(quantity) AS DECIMAL(38, 12)) AS used,
    min(CASE WHEN so_far > amount THEN day END) AS first_day_over,
    CAST(sum(unknown) AS BIGINT) AS unknown
FROM running
GROUP BY number, {{ scoped | join(', ') }}
