-- Small calls of a caller that came within a minute: some of them could have been one call. A call is a record that is
-- one request. Requests of a run are its own steps, and those of a conversation wait for the answer before.
-- Put together, up to `batch` in a call, they have fewer prices of a request, and fewer bases or minimums of credits.
-- Tokens stay as they are. Amounts are by the prices and rates of one day.
WITH call_types AS (
    SELECT type
    FROM daily_usage
    GROUP BY type
    HAVING sum(requests) > 0 AND sum(runs) = 0
),

-- n calls fit into n / 10 of them, rounded up. With a `fewer` of 0.9 the cast gives the others: it rounds to the nearest.
minutes AS (
    SELECT
        usage_records.tenant_id,
        usage_records.type,
        coalesce(usage_records.feature, '(none)') AS feature,
        coalesce(usage_records.provider, '') AS provider,
        coalesce(usage_records.model, '(none)') AS model,
        usage_records.member_id,
        usage_records.event_day,
        extract(hour FROM usage_records.occurred_at) AS hour_of_day,
        extract(minute FROM usage_records.occurred_at) AS minute_of_hour,
        count(*) AS requests,
        CAST(count(*) * max(parameters.fewer) - 0.5 AS BIGINT) AS fewer_requests,
        sum(usage_records.tokens_total) AS tokens,
        sum(coalesce(usage_records.bytes, 0)) AS bytes,
        sum(coalesce(usage_records.tool_calls, 0)) AS tool_calls
    FROM usage_records
    INNER JOIN call_types ON usage_records.type = call_types.type
    CROSS JOIN parameters
    WHERE
        usage_records.tokens_total > 0
        AND usage_records.tokens_total <= parameters.most_tokens
        AND coalesce(usage_records.api_calls, 1) = 1
        AND usage_records.conversation_id IS NULL
        AND coalesce(usage_records.status, '') <> 'failed'
    GROUP BY ALL
    HAVING count(*) > 1
),

calls AS (
    SELECT
        tenant_id,
        type,
        feature,
        provider,
        model,
        CAST(sum(requests) AS BIGINT) AS requests,
        CAST(sum(fewer_requests) AS BIGINT) AS fewer_requests,
        CAST(sum(requests) - sum(fewer_requests) AS BIGINT) AS batches,
        CAST(sum(tokens) AS BIGINT) AS tokens,
        CAST(sum(bytes) AS BIGINT) AS bytes,
        CAST(sum(tool_calls) AS BIGINT) AS tool_calls
    FROM minutes
    GROUP BY ALL
),

charged AS (
    SELECT
        calls.*,
        CAST(calls.fewer_requests * request_prices.price AS DECIMAL(38, 12)) AS fewer_usd,
        calls.requests * call_credits.minimum AS least,
        calls.batches * call_credits.minimum AS least_of_batches,
        calls.requests * call_credits.base AS base,
        calls.batches * call_credits.base AS base_of_batches,
        calls.tokens * call_credits.per_token
        + calls.bytes * call_credits.per_byte
        + calls.tool_calls * call_credits.per_tool_call AS other
    FROM calls
    LEFT JOIN request_prices
        ON calls.provider = request_prices.provider AND calls.model = request_prices.model
    LEFT JOIN call_credits
        ON
            calls.type = call_credits.type
            AND calls.feature = call_credits.feature
            AND calls.model = call_credits.model
),

saved AS (
    SELECT
        charged.*,
        CAST(
            CASE WHEN base + other < least THEN least ELSE base + other END
            - CASE WHEN base_of_batches + other < least_of_batches THEN least_of_batches ELSE base_of_batches + other END
            AS DECIMAL(38, 12)
        ) AS fewer_credits,
        sum(fewer_requests) OVER (PARTITION BY tenant_id) AS all_fewer
    FROM charged
)

SELECT
    saved.tenant_id,
    row_number() OVER (
        PARTITION BY saved.tenant_id
        ORDER BY saved.fewer_requests DESC, saved.type, saved.feature, saved.model, saved.provider
    ) AS place,
    saved.type,
    saved.feature,
    saved.model,
    saved.requests,
    saved.tokens,
    saved.fewer_requests,
    CAST(sum(saved.requests) OVER (PARTITION BY saved.tenant_id) AS BIGINT) AS all_requests,
    CAST(sum(saved.tokens) OVER (PARTITION BY saved.tenant_id) AS BIGINT) AS all_tokens,
    CAST(saved.all_fewer AS BIGINT) AS all_fewer,
    parameters.most_tokens,
    parameters.batch,
    parameters.days,
    CAST(sum(saved.fewer_usd) OVER (PARTITION BY saved.tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(sum(saved.fewer_credits) OVER (PARTITION BY saved.tenant_id) AS DECIMAL(38, 12)) AS saving_credits
FROM saved
CROSS JOIN parameters
WHERE parameters.least_fewer <= saved.all_fewer
