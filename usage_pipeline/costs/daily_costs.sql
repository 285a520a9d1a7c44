-- The cube of costs of each event day: quantity and amount by tenant, dimension, class and price.
-- Requests and tool calls have rows where they are priced: without a price none are charged.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        source,
        type,
        model,
        member_id,
        project,
        feature,
        agent,
        agent_type,
        status,
        price_id,
        above_tokens_in,
        price_window,
        unpriced,
        price_book_version,
        sum(input) AS input,
        sum(cached_input) AS cached_input,
        sum(cache_write) AS cache_write,
        sum(output) AS output,
        sum(reasoning) AS reasoning,
        sum(unsplit) AS unsplit,
        sum(request) AS request,
        sum(tool_call) AS tool_call,
        sum(input_amount) AS input_amount,
        sum(cached_input_amount) AS cached_input_amount,
        sum(cache_write_amount) AS cache_write_amount,
        sum(output_amount) AS output_amount,
        sum(reasoning_amount) AS reasoning_amount,
        sum(request_amount) AS request_amount,
        sum(tool_call_amount) AS tool_call_amount
    FROM rated_records
    GROUP BY
        event_day,
        tenant_id,
        source,
        type,
        model,
        member_id,
        project,
        feature,
        agent,
        agent_type,
        status,
        price_id,
        above_tokens_in,
        price_window,
        unpriced,
        price_book_version
),

by_class AS (
    SELECT
        grouped.event_day,
        grouped.tenant_id,
        grouped.source,
        grouped.type,
        grouped.model,
        grouped.member_id,
        grouped.project,
        grouped.feature,
        grouped.agent,
        grouped.agent_type,
        grouped.status,
        grouped.price_id,
        grouped.above_tokens_in,
        grouped.price_window,
        grouped.unpriced,
        grouped.price_book_version,
        token_classes.class,
        token_classes.is_token,
        CASE token_classes.class
            WHEN 'input' THEN grouped.input
            WHEN 'cached_input' THEN grouped.cached_input
            WHEN 'cache_write' THEN grouped.cache_write
            WHEN 'output' THEN grouped.output
            WHEN 'reasoning' THEN grouped.reasoning
            WHEN 'unsplit' THEN grouped.unsplit
            WHEN 'request' THEN grouped.request
            WHEN 'tool_call' THEN grouped.tool_call
        END AS quantity,
        CASE token_classes.class
            WHEN 'input' THEN grouped.input_amount
            WHEN 'cached_input' THEN grouped.cached_input_amount
            WHEN 'cache_write' THEN grouped.cache_write_amount
            WHEN 'output' THEN grouped.output_amount
            WHEN 'reasoning' THEN grouped.reasoning_amount
            WHEN 'request' THEN grouped.request_amount
            WHEN 'tool_call' THEN grouped.tool_call_amount
        END AS amount
    FROM grouped
    CROSS JOIN token_classes
)

SELECT
    by_class.event_day AS day,
    by_class.tenant_id,
    by_class.source,
    by_class.type,
    by_class.model,
    by_class.member_id,
    by_class.project,
    by_class.feature,
    by_class.agent,
    by_class.agent_type,
    by_class.status,
    by_class.class,
    CASE WHEN by_class.amount IS NULL THEN '(none)' ELSE by_class.price_id END AS price_id,
    CASE WHEN by_class.amount IS NULL OR by_class.above_tokens_in < 0 THEN 0 ELSE by_class.above_tokens_in END
        AS above_tokens_in,
    CASE WHEN by_class.amount IS NULL THEN '' ELSE by_class.price_window END AS price_window,
    CASE
        WHEN by_class.amount IS NOT NULL THEN ''
        WHEN by_class.class = 'unsplit' THEN 'no_split'
        ELSE coalesce(by_class.unpriced, 'no_class_price')
    END AS unpriced,
    CAST(by_class.quantity AS BIGINT) AS quantity,
    CAST(by_class.amount AS DECIMAL(38, 12)) AS amount,
    by_class.price_book_version
FROM by_class
WHERE by_class.quantity > 0 AND (by_class.is_token = 1 OR by_class.amount IS NOT NULL)
ORDER BY
    by_class.event_day,
    by_class.tenant_id,
    by_class.source,
    by_class.type,
    by_class.model,
    by_class.member_id,
    by_class.project,
    by_class.feature,
    by_class.agent,
    by_class.agent_type,
    by_class.status,
    by_class.class,
    by_class.price_id,
    by_class.above_tokens_in,
    by_class.price_window
