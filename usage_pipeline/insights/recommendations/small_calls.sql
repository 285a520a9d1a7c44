-- Many small calls of an operation, a type of event of a feature and a model: some could be one call.
-- Of calls put together one is left, with its price of a request and its base rate of credits. Tokens stay as they are.
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
        calls.requests - CAST(floor((calls.requests + parameters.batch - 1) / parameters.batch) AS BIGINT)
            AS fewer_requests,
        parameters.batch,
        parameters.days
    FROM calls
    CROSS JOIN parameters
    WHERE
        calls.requests >= parameters.least_requests
        AND calls.tokens > 0
        AND calls.tokens <= parameters.most_tokens * calls.requests
),

fees AS (
    SELECT
        tenant_id,
        type,
        feature,
        model,
        CAST(sum(quantity) AS BIGINT) AS requests,
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
        CAST(fees.amount * small.fewer_requests / nullif(fees.requests, 0) AS DECIMAL(38, 12)) AS fewer_usd,
        CAST(
            base_credits.credits * (
                operations.operations
                - CAST(floor((operations.operations + small.batch - 1) / small.batch) AS BIGINT)
            ) AS DECIMAL(38, 12)
        ) AS fewer_credits
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
    CAST(tokens / requests AS DECIMAL(18, 1)) AS tokens_per_request,
    CAST(sum(requests) OVER (PARTITION BY tenant_id) AS BIGINT) AS all_requests,
    CAST(
        sum(tokens) OVER (PARTITION BY tenant_id) / sum(requests) OVER (PARTITION BY tenant_id) AS DECIMAL(18, 1)
    ) AS tokens_of_a_request,
    batch,
    days,
    CAST(sum(fewer_usd) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(sum(fewer_credits) OVER (PARTITION BY tenant_id) AS DECIMAL(38, 12)) AS saving_credits
FROM saved
