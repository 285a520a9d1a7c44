-- Many small calls of an operation, a type of event of a feature and a model: some could be one call.
-- Put together, the part `fewer` of them is saved, with their prices of a request and base rates of credits. Tokens
-- stay as they are.
WITH calls AS (
    SELECT
        tenant_id,
        type,
        feature,
        model,
        CAST(sum(requests) AS BIGINT) AS requests,
        CAST(sum(tokens_total) AS BIGINT) AS tokens
    FROM daily_usage
    WHERE status <> 'failed'
    GROUP BY tenant_id, type, feature, model
),

small AS (
    SELECT
        calls.*,
        parameters.batch,
        parameters.fewer,
        parameters.days
    FROM calls
    CROSS JOIN parameters
    WHERE
        parameters.least_requests <= calls.requests
        AND calls.tokens > 0
        AND calls.tokens <= parameters.most_tokens * calls.requests
),

fees AS (
    SELECT
        tenant_id,
        type,
        feature,
        model,
        CAST(sum(amount) AS DECIMAL(38, 12)) AS amount
    FROM daily_costs
    WHERE class = 'request' AND status <> 'failed'
    GROUP BY tenant_id, type, feature, model
),

operations AS (
    SELECT
        tenant_id,
        type,
        feature,
        model,
        CAST(sum(operations) AS BIGINT) AS operations
    FROM credit_usage
    WHERE status <> 'failed'
    GROUP BY tenant_id, type, feature, model
),

saved AS (
    SELECT
        small.*,
        CAST(fees.amount * small.fewer AS DECIMAL(38, 12)) AS fewer_usd,
        CAST(base_credits.credits * operations.operations * small.fewer AS DECIMAL(38, 12)) AS fewer_credits
    FROM small
    LEFT JOIN fees
        ON
            small.tenant_id = fees.tenant_id
            AND small.type = fees.type
            AND small.feature = fees.feature
            AND small.model = fees.model
    LEFT JOIN operations
        ON
            small.tenant_id = operations.tenant_id
            AND small.type = operations.type
            AND small.feature = operations.feature
            AND small.model = operations.model
    LEFT JOIN base_credits
        ON
            small.type = base_credits.type
            AND small.feature = base_credits.feature
            AND small.model = base_credits.model
)

SELECT
    tenant_id,
    row_number() OVER (PARTITION BY tenant_id ORDER BY requests DESC, type, feature, model) AS place,
    type,
    feature,
    model,
    requests,
    tokens,
    CAST(sum(requests) OVER (PARTITION BY tenant_id) AS BIGINT) AS all_requests,
    CAST(sum(tokens) OVER (PARTITION BY tenant_id) AS BIGINT) AS all_tokens,
    batch,
    days,
    CAST(sum(fewer_usd) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(sum(fewer_credits) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_credits
FROM saved
