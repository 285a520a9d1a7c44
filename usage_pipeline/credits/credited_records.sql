-- The credits of each operation, rounded half away from zero to 12 decimals. Operations are requests, and records of a
-- type that has rates; other records are here only if they report credits. Each record joins exactly one row of
-- `credit_charges`. Without a rate the credits are null. An operation that failed without tokens is free, unless the
-- rates say otherwise.
WITH rated AS (
    SELECT
        metered_records.*,
        credit_charges.unrated,
        credit_charges.charges_failed,
        credit_charges.minimum_credits,
        credit_charges.credit_rate_version,
        CAST(
            credit_charges.base_credits
            + metered_records.tokens_total * credit_charges.token_credits
            + metered_records.bytes * credit_charges.byte_credits
            + metered_records.tool_calls * credit_charges.tool_call_credits
            AS DECIMAL(38, 12)
        ) AS used_credits
    FROM metered_records
    INNER JOIN credit_charges
        ON
            metered_records.event_day = credit_charges.event_day
            AND metered_records.type = credit_charges.type
            AND metered_records.model = credit_charges.model
            AND metered_records.feature = credit_charges.feature
    WHERE
        metered_records.is_request = 1
        OR credit_charges.unrated IS NULL
        OR metered_records.reported_credits IS NOT NULL
)

SELECT
    event_day,
    tenant_id,
    record_id,
    occurred_at,
{% for dimension in dimensions %}
    {{ dimension }},
{% endfor %}
    CASE WHEN is_request = 1 OR unrated IS NULL THEN 1 ELSE 0 END AS is_operation,
    CASE
        WHEN unrated IS NOT NULL THEN NULL
        WHEN is_failed = 1 AND tokens_total = 0 AND NOT charges_failed THEN 0
        WHEN used_credits < minimum_credits THEN CAST(minimum_credits AS DECIMAL(38, 12))
        ELSE used_credits
    END AS credits,
    reported_credits,
    coalesce(unrated, '') AS unrated,
    credit_rate_version
FROM rated
