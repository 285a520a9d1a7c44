-- What was used of each limit by the values of its scope, and the day since which that has been more than its amount.
-- `limits` has one row per limit, tenant and period. All of them are restricted by the same dimensions: to one value of
-- some, and to each value for itself of others, of those that are somebody's. Less use than `least` is left out.
-- Of a limit of `rolling_days` the days before its period are there, too: what is used on a day counts for so many days.
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
),

by_day AS (
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
    WHERE first_day <= day
    GROUP BY ALL
    HAVING least IS NULL OR least <= CAST(sum(quantity) AS DECIMAL(38, 12))
),

over_amount AS (
    SELECT by_day.*
    FROM by_day
    INNER JOIN sums
        ON by_day.number = sums.number
{% for name in scoped %}
        AND by_day.{{ name }} = sums.{{ name }}
{% endfor %}
        AND sums.used > sums.amount
),

changes AS (
    SELECT
        number,
        {{ scoped | join(', ') }},
        amount,
        first_day,
        day,
        quantity
    FROM over_amount
    UNION ALL
    SELECT
        number,
        {{ scoped | join(', ') }},
        amount,
        first_day,
        CAST(day + rolling_days * INTERVAL '1' DAY AS DATE) AS day,
        -quantity AS quantity
    FROM over_amount
    WHERE CAST(day + rolling_days * INTERVAL '1' DAY AS DATE) <= last_day
),

changes_of_days AS (
    SELECT
        number,
        {{ scoped | join(', ') }},
        amount,
        first_day,
        day,
        sum(quantity) AS quantity
    FROM changes
    GROUP BY ALL
),

running AS (
    SELECT
        number,
        {{ scoped | join(', ') }},
        amount,
        first_day,
        day,
        sum(quantity) OVER (PARTITION BY number, {{ scoped | join(', ') }} ORDER BY day) AS so_far
    FROM changes_of_days
),

last_within AS (
    SELECT
        number,
        {{ scoped | join(', ') }},
        max(day) AS day
    FROM running
    WHERE so_far <= amount
    GROUP BY ALL
),

first_over AS (
    SELECT
        running.number,
{% for name in scoped %}
        running.{{ name }},
{% endfor %}
        running.first_day AS begin,
        min(running.day) AS first_day
    FROM running
    LEFT JOIN last_within
        ON running.number = last_within.number
{% for name in scoped %}
        AND running.{{ name }} = last_within.{{ name }}
{% endfor %}
    WHERE last_within.day IS NULL OR last_within.day < running.day
    GROUP BY ALL
)

SELECT
    sums.number,
{% for name in scoped %}
    sums.{{ name }},
{% endfor %}
    sums.used,
    CASE WHEN first_over.begin <= first_over.first_day THEN first_over.first_day END AS first_day_over,
    sums.unknown
FROM sums
LEFT JOIN first_over
    ON sums.number = first_over.number
{% for name in scoped %}
    AND sums.{{ name }} = first_over.{{ name }}
{% endfor %}
