-- The series of one metric, `{{ metric }}`: its total per tenant on each event day, as `{{ cube }}` has it.
SELECT
    day,
    tenant_id,
    CAST(sum({{ metric }}) AS BIGINT) AS total
FROM {{ cube }}
GROUP BY day, tenant_id
