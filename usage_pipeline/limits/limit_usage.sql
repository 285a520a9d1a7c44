-- What was used of each limit by the values of its scope, and the first day on which that was more than its amount.
-- `limits` has one row per limit, tenant and period. All of them are restricted by the same dimensions: to one value of
-- some, and to each value for itself of others, of those that are somebody's. Less use than `least` is left out.
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
),

by_day AS (
    SELECT
        limits.number,
        limits.amount,
        limits.least,
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
        AND limits.first_day <= used.day
        AND used.day <= limits.last_day
{% for name in named %}
        AND used.{{ name }} = limits.{{ name }}
{% endfor %}
),

sums AS (
    SELECT
        number,
        amount,
        least,
        {{ scoped | join(', ') }},
        CAST(sum(quantity) AS DECIMAL(38, 12)) AS used,
        CAST(sum(unknown) AS BIGINT) AS unknown
    FROM by_day
    GROUP BY ALL
    HAVING least IS NULL OR least <= CAST(sum(quantity) AS DECIMAL(38, 12))
),

running AS (
    SELECT
        by_day.number,
{% for name in scoped %}
        by_day.{{ name }},
{% endfor %}
        by_day.amount,
        by_day.day,
        sum(by_day.quantity) OVER (
            PARTITION BY by_day.number{% for name in scoped %}, by_day.{{ name }}{% endfor %} ORDER BY by_day.day
        ) AS so_far
    FROM by_day
    INNER JOIN sums
        ON by_day.number = sums.number
{% for name in scoped %}
        AND by_day.{{ name }} = sums.{{ name }}
{% endfor %}
        AND sums.used > sums.amount
),

first_over AS (
    SELECT
        number,
        {{ scoped | join(', ') }},
        min(day) AS first_day
    FROM running
    WHERE so_far > amount
    GROUP BY ALL
)

SELECT
    sums.number,
{% for name in scoped %}
    sums.{{ name }},
{% endfor %}
    sums.used,
    first_over.first_day AS first_day_over,
    sums.unknown
FROM sums
LEFT JOIN first_over
    ON sums.number = first_over.number
{% for name in scoped %}
    AND sums.{{ name }} = first_over.{{ name }}
{% endfor %}
