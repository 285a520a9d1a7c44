-- The cost of each record by class: quantities, and the amount of each, rounded half away from zero to 12 decimals.
-- The amount of a class without a price is null, and so is that of a record with any token without a price.
-- Each record joins exactly one row of `rates`. A price of at most 12 decimals gives an exact product, which is not
-- rounded, because rounding takes most of the time.
WITH quantities AS (
    SELECT
        event_day,
        tenant_id,
        record_id,
        {{ dimensions | join(', ') }},
        reported_cost,
        currency,
        coalesce(logged_provider, '') AS logged_provider,
        coalesce(logged_model, '') AS logged_model,
        EXTRACT(HOUR FROM occurred_at) * 60 + EXTRACT(MINUTE FROM occurred_at) AS at_minute,
        tokens_in,
        tokens_in - tokens_cached - tokens_cache_write AS input,
        tokens_cached AS cached_input,
        tokens_cache_write AS cache_write,
        tokens_out - tokens_reasoning AS output,
        tokens_reasoning AS reasoning,
        tokens_unsplit AS unsplit,
        requests AS request,
        tool_calls AS tool_call
    FROM metered_records
),

amounts AS (
    SELECT
        quantities.event_day,
        quantities.tenant_id,
        quantities.record_id,
{% for dimension in dimensions %}
        quantities.{{ dimension }},
{% endfor %}
        quantities.reported_cost,
        quantities.currency,
        rates.price_id,
        rates.above_tokens_in,
        rates.price_window,
        rates.unpriced,
        rates.price_book_version,
        quantities.unsplit,
{% for class in priced_classes %}
        quantities.{{ class }},
        coalesce(
            quantities.{{ class }} * rates.{{ class }}_price,
            CAST(quantities.{{ class }} * rates.{{ class }}_fine_price AS DECIMAL(38, 12))
        ) AS {{ class }}_amount{{ ',' if not loop.last }}
{% endfor %}
    FROM quantities
    INNER JOIN rates
        ON
            quantities.event_day = rates.event_day
            AND quantities.logged_provider = rates.provider
            AND quantities.logged_model = rates.model
            AND rates.from_minute <= quantities.at_minute
            AND quantities.at_minute < rates.to_minute
            AND rates.above_tokens_in < quantities.tokens_in
            AND quantities.tokens_in <= rates.up_to_tokens_in
)

SELECT
    amounts.*,
    CASE
        WHEN price_id IS NULL OR unsplit > 0 THEN NULL
{% for class in priced_classes if class not in ('request', 'tool_call') %}
        WHEN {{ class }} > 0 AND {{ class }}_amount IS NULL THEN NULL
{% endfor %}
        ELSE
{% for class in priced_classes %}
            {{ '+ ' if not loop.first }}coalesce({{ class }}_amount, 0)
{% endfor %}
    END AS amount
FROM amounts
