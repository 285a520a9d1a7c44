-- Prompts with the same text that were sent again and again, with few input tokens from a cache, by model and feature.
-- Every repetition could have read as many tokens from a cache as the shortest request with that text had, if the cache
-- held them all the time: at most so many. The first request writes them, which costs more with some models.
WITH prompts AS (
    SELECT
        tenant_id,
        coalesce(provider, '') AS provider,
        coalesce(model, '(none)') AS model,
        coalesce(feature, '(none)') AS feature,
        prompt_digest,
        count(*) AS times,
        CAST(sum(tokens_in) AS BIGINT) AS tokens_in,
        CAST(sum(coalesce(tokens_cached, 0)) AS BIGINT) AS tokens_cached,
        CAST(min(tokens_in) AS BIGINT) AS written_tokens,
        CAST((count(*) - 1) * min(tokens_in) AS BIGINT) AS cacheable_tokens
    FROM usage_records
    WHERE prompt_digest IS NOT NULL AND tokens_in > 0
    GROUP BY ALL
),

repeated AS (
    SELECT prompts.*, prompts.cacheable_tokens - prompts.tokens_cached AS uncached_tokens, parameters.days
    FROM prompts
    CROSS JOIN parameters
    WHERE
        parameters.least_times <= prompts.times
        AND 100 * prompts.tokens_cached < parameters.most_cached_percent * prompts.tokens_in
        AND prompts.cacheable_tokens > prompts.tokens_cached
),

by_model AS (
    SELECT
        repeated.tenant_id,
        repeated.model,
        repeated.feature,
        repeated.days,
        count(*) AS repeated_prompts,
        CAST(sum(repeated.times) AS BIGINT) AS times,
        CAST(sum(repeated.tokens_in) AS BIGINT) AS tokens_in,
        CAST(sum(repeated.tokens_cached) AS BIGINT) AS tokens_cached,
        CAST(sum(repeated.uncached_tokens) AS BIGINT) AS uncached_tokens,
        CAST(
            sum(CASE WHEN cache_prices.cheaper_by IS NULL THEN repeated.uncached_tokens ELSE 0 END) AS BIGINT
        ) AS unpriced_tokens,
        CAST(
            sum(
                repeated.uncached_tokens * cache_prices.cheaper_by
                - repeated.written_tokens * cache_prices.writing_dearer_by
            ) AS DECIMAL(38, 12)
        ) AS cost_of_uncached
    FROM repeated
    LEFT JOIN cache_prices ON repeated.provider = cache_prices.provider AND repeated.model = cache_prices.model
    GROUP BY repeated.tenant_id, repeated.model, repeated.feature, repeated.days
),

many AS (
    SELECT by_model.*, sum(by_model.uncached_tokens) OVER (PARTITION BY by_model.tenant_id) AS all_uncached_tokens
    FROM by_model
)

SELECT
    many.tenant_id,
    row_number() OVER (
        PARTITION BY many.tenant_id ORDER BY many.uncached_tokens DESC, many.model, many.feature
    ) AS place,
    many.model,
    many.feature,
    many.repeated_prompts,
    many.times,
    many.tokens_in,
    many.tokens_cached,
    many.uncached_tokens,
    CAST(sum(many.repeated_prompts) OVER (PARTITION BY many.tenant_id) AS BIGINT) AS all_prompts,
    CAST(sum(many.times) OVER (PARTITION BY many.tenant_id) AS BIGINT) AS all_times,
    CAST(many.all_uncached_tokens AS BIGINT) AS all_uncached_tokens,
    CAST(sum(many.unpriced_tokens) OVER (PARTITION BY many.tenant_id) AS BIGINT) AS all_unpriced,
    many.days,
    CAST(sum(many.cost_of_uncached) OVER (PARTITION BY many.tenant_id) AS DECIMAL(38, 12)) AS saving_usd,
    CAST(NULL AS DECIMAL(38, 12)) AS saving_credits
FROM many
CROSS JOIN parameters
WHERE parameters.least_tokens <= many.all_uncached_tokens
