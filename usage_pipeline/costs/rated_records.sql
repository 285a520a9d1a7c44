-- The cost of each record by class: quantities, and the amount of each, rounded half away from zero to 12 decimals.
-- The amount of a class without a price is null, and so is that of a record with any token without a price.
-- Each record joins exactly one row of `rates`. A price of at most 12 decimals gives an exact product, which is not
-- rounded, because rounding takes most of the time.
WITH rated AS (
    SELECT
        token_parts.*,
        rates.price_id,
        rates.above_tokens_in,
        rates.price_window,
        rates.unpriced,
        rates.price_book_version,
        rates.charges_failed,
        rates.demands_cache_write AND token_parts.tokens_cache_write_1h IS NULL AS is_unsplit_cache_write,
        (rates.demands_audio_in AND token_parts.known_cached_audio IS NULL)
        OR (rates.demands_image_in AND token_parts.known_cached_image IS NULL) AS is_unsplit_in,
        (rates.demands_audio_out AND token_parts.tokens_out_audio IS NULL)
        OR (rates.demands_image_out AND token_parts.tokens_out_image IS NULL) AS is_unsplit_out,
{% for class in priced_classes %}
        rates.{{ class }}_price,
        rates.{{ class }}_fine_price{{ ',' if not loop.last }}
{% endfor %}
    FROM token_parts
    INNER JOIN rates
        ON
            token_parts.event_day = rates.event_day
            AND coalesce(token_parts.logged_provider, '') = rates.provider
            AND coalesce(token_parts.logged_model, '') = rates.model
{% for dimension in pricing_dimensions %}
            AND token_parts.{{ dimension }} = rates.{{ dimension }}
{% endfor %}
            AND rates.from_minute <= token_parts.at_minute
            AND token_parts.at_minute < rates.to_minute
            AND rates.above_tokens_in < token_parts.tokens_in
            AND token_parts.tokens_in <= rates.up_to_tokens_in
),

-- Tokens that the record does not split as the price does have no price; all others have that of their class.
charged AS (
    SELECT
        rated.*,
        CASE WHEN is_unsplit_in THEN 0 ELSE text_in END AS input,
        CASE WHEN is_unsplit_in THEN text_in ELSE 0 END AS input_unsplit,
        CASE WHEN is_unsplit_in THEN 0 ELSE cached_text END AS cached_input,
        CASE WHEN is_unsplit_in THEN cached_text ELSE 0 END AS cached_input_unsplit,
        CASE WHEN is_unsplit_cache_write THEN 0 ELSE other_cache_write END AS cache_write,
        CASE WHEN is_unsplit_cache_write THEN other_cache_write ELSE 0 END AS cache_write_unsplit,
        CASE WHEN is_unsplit_out THEN 0 ELSE text_out END AS output,
        CASE WHEN is_unsplit_out THEN text_out ELSE 0 END AS output_unsplit,
        -- Of a model without any price, a request counts as unpriced if it has no tokens to show that.
        CASE
            WHEN is_failed = 1 AND tokens_total = 0 AND NOT charges_failed THEN 0
            WHEN price_id IS NULL AND tokens_total > 0 THEN 0
            ELSE requests
        END AS request,
        web_searches AS web_search,
        tool_calls AS tool_call,
        tokens_unsplit AS unsplit
    FROM rated
),

amounts AS (
    SELECT
        event_day,
        tenant_id,
        record_id,
{% for dimension in dimensions + pricing_dimensions %}
        {{ dimension }},
{% endfor %}
        reported_cost,
        currency,
        price_id,
        above_tokens_in,
        price_window,
        unpriced,
        price_book_version,
{% for name in unsplit_classes %}
        {{ name }},
{% endfor %}
{% for class in priced_classes %}
        {{ class }},
        coalesce(
            {{ class }} * {{ class }}_price, CAST({{ class }} * {{ class }}_fine_price AS DECIMAL(38, 12))
        ) AS {{ class }}_amount{{ ',' if not loop.last }}
{% endfor %}
    FROM charged
)

SELECT
    amounts.*,
    CASE
        WHEN price_id IS NULL OR {{ unsplit_classes | join(' + ') }} > 0 THEN NULL
{% for class in priced_classes if class not in ('request', 'tool_call') %}
        WHEN {{ class }} > 0 AND {{ class }}_amount IS NULL THEN NULL
{% endfor %}
        ELSE
{% for class in priced_classes %}
            {{ '+ ' if not loop.first }}coalesce({{ class }}_amount, 0)
{% endfor %}
    END AS amount
FROM amounts
