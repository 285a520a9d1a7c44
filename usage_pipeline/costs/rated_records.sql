-- What each record cost, by class: quantities, and the amount of each rounded half away from zero to 12
-- decimals. An amount is null where the class has no price, and that of the record where any of its tokens has none.
-- `rates` has exactly one row for each record. A price of at most 12 decimals makes an exact product, which needs no
-- rounding: rounding takes most of the time.
WITH quantities AS (
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        usage_records.record_id,
        coalesce(usage_records.source, '(none)') AS source,
        coalesce(usage_records.type, '(none)') AS type,
        coalesce(usage_records.model, '(none)') AS model,
        coalesce(usage_records.member_id, '(none)') AS member_id,
        coalesce(usage_records.project, '(none)') AS project,
        coalesce(usage_records.feature, '(none)') AS feature,
        coalesce(usage_records.agent, '(none)') AS agent,
        coalesce(usage_records.agent_type, '(none)') AS agent_type,
        coalesce(usage_records.status, '(none)') AS status,
        usage_records.reported_cost,
        usage_records.currency,
        coalesce(usage_records.provider, '') AS logged_provider,
        coalesce(usage_records.model, '') AS logged_model,
        EXTRACT(HOUR FROM usage_records.occurred_at) * 60 + EXTRACT(MINUTE FROM usage_records.occurred_at) AS at_minute,
        coalesce(usage_records.tokens_in, 0) AS tokens_in,
        coalesce(usage_records.tokens_in, 0)
        - coalesce(usage_records.tokens_cached, 0)
        - coalesce(usage_records.tokens_cache_write, 0) AS input,
        coalesce(usage_records.tokens_cached, 0) AS cached_input,
        coalesce(usage_records.tokens_cache_write, 0) AS cache_write,
        coalesce(usage_records.tokens_out, 0) - coalesce(usage_records.tokens_reasoning, 0) AS output,
        coalesce(usage_records.tokens_reasoning, 0) AS reasoning,
        CASE
            WHEN usage_records.tokens_in IS NULL AND usage_records.tokens_out IS NULL
                THEN coalesce(usage_records.tokens_total, 0)
            ELSE 0
        END AS unsplit,
        coalesce(usage_records.api_calls, 1) * coalesce(event_types.requests, 0) AS request,
        coalesce(usage_records.tool_calls, 0) AS tool_call
    FROM usage_records
    LEFT JOIN event_types ON usage_records.type = event_types.type
),

amounts AS (
    SELECT
        quantities.event_day,
        quantities.tenant_id,
        quantities.record_id,
        quantities.source,
        quantities.type,
        quantities.model,
        quantities.member_id,
        quantities.project,
        quantities.feature,
        quantities.agent,
        quantities.agent_type,
        quantities.status,
        quantities.reported_cost,
        quantities.currency,
        rates.price_id,
        rates.above_tokens_in,
        rates.price_window,
        rates.unpriced,
        rates.price_book_version,
        quantities.input,
        quantities.cached_input,
        quantities.cache_write,
        quantities.output,
        quantities.reasoning,
        quantities.unsplit,
        quantities.request,
        quantities.tool_call,
        coalesce(
            quantities.input * rates.input_price,
            CAST(quantities.input * rates.input_fine_price AS DECIMAL(38, 12))
        ) AS input_amount,
        coalesce(
            quantities.cached_input * rates.cached_input_price,
            CAST(quantities.cached_input * rates.cached_input_fine_price AS DECIMAL(38, 12))
        ) AS cached_input_amount,
        coalesce(
            quantities.cache_write * rates.cache_write_price,
            CAST(quantities.cache_write * rates.cache_write_fine_price AS DECIMAL(38, 12))
        ) AS cache_write_amount,
        coalesce(
            quantities.output * rates.output_price,
            CAST(quantities.output * rates.output_fine_price AS DECIMAL(38, 12))
        ) AS output_amount,
        coalesce(
            quantities.reasoning * rates.reasoning_price,
            CAST(quantities.reasoning * rates.reasoning_fine_price AS DECIMAL(38, 12))
        ) AS reasoning_amount,
        coalesce(
            quantities.request * rates.request_price,
            CAST(quantities.request * rates.request_fine_price AS DECIMAL(38, 12))
        ) AS request_amount,
        coalesce(
            quantities.tool_call * rates.tool_call_price,
            CAST(quantities.tool_call * rates.tool_call_fine_price AS DECIMAL(38, 12))
        ) AS tool_call_amount
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
        WHEN input > 0 AND input_amount IS NULL THEN NULL
        WHEN cached_input > 0 AND cached_input_amount IS NULL THEN NULL
        WHEN cache_write > 0 AND cache_write_amount IS NULL THEN NULL
        WHEN output > 0 AND output_amount IS NULL THEN NULL
        WHEN reasoning > 0 AND reasoning_amount IS NULL THEN NULL
        ELSE
            coalesce(input_amount, 0)
            + coalesce(cached_input_amount, 0)
            + coalesce(cache_write_amount, 0)
            + coalesce(output_amount, 0)
            + coalesce(reasoning_amount, 0)
            + coalesce(request_amount, 0)
            + coalesce(tool_call_amount, 0)
    END AS amount
FROM amounts
