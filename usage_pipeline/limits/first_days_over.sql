-- The day since which more was used of each limit than its amount, by the values of its scope; null if it was before
-- the period. What is used on a day counts for `rolling_days`, and of other limits to the end of the period.
WITH in_period AS (
    SELECT
        *,
        sum(CASE WHEN first_day <= day THEN quantity END) OVER (
            PARTITION BY number, {{ scoped | join(', ') }}
        ) AS used
    FROM limit_days
),

over_amount AS (
    SELECT *
    FROM in_period
    WHERE used > amount
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

counted AS (
    SELECT
        *,
        max(CASE WHEN so_far <= amount THEN day END) OVER (
            PARTITION BY number, {{ scoped | join(', ') }}
        ) AS last_within
    FROM running
)

SELECT
    number,
    {{ scoped | join(', ') }},
    CASE WHEN first_day <= min(day) THEN min(day) END AS first_day_over
FROM counted
WHERE last_within IS NULL OR last_within < day
GROUP BY number, {{ scoped | join(', ') }}, first_day
