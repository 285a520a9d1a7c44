-- What was used of each limit in its period, by the values of its scope. Less use than `least` is left out.
SELECT
    number,
    {{ scoped | join(', ') }},
    CAST(sum(quantity) AS DECIMAL(38, 12)) AS used,
    CAST(sum(unknown) AS BIGINT) AS unknown,
    sum(quantity) > amount AS is_over
FROM limit_days
WHERE first_day <= day
GROUP BY number, amount, least, {{ scoped | join(', ') }}
HAVING least IS NULL OR least <= CAST(sum(quantity) AS DECIMAL(38, 12))
