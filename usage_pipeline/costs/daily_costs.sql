-- The cube of costs of each event day: quantity and amount by tenant, dimension, class and price.
-- Requests and tool calls have rows only with a price: without one they are not charged.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        {{ dimensions | join(', ') }},
        price_id,
        above_tokens_in,
        price_window,
        unpriced,
        price_book_version,
{% for class in priced_classes %}
        sum({{ class }}) AS {{ class }},
        sum({{ class }}_amount) AS {{ class }}_amount,
{% endfor %}
        sum(unsplit) AS unsplit
    FROM rated_records
    GROUP BY ALL
),

by_class AS (
    SELECT
        grouped.*,
        token_classes.class,
        token_classes.is_token,
        CASE token_classes.class
            WHEN 'unsplit' THEN unsplit
{% for class in priced_classes %}
            WHEN '{{ class }}' THEN {{ class }}
{% endfor %}
        END AS quantity,
        CASE token_classes.class
{% for class in priced_classes %}
            WHEN '{{ class }}' THEN {{ class }}_amount
{% endfor %}
        END AS amount
    FROM grouped
    CROSS JOIN token_classes
)

SELECT
    event_day AS day,
    tenant_id,
    {{ dimensions | join(', ') }},
    class,
    CASE WHEN amount IS NULL THEN '(none)' ELSE price_id END AS price_id,
    CASE WHEN amount IS NULL OR above_tokens_in < 0 THEN 0 ELSE above_tokens_in END AS above_tokens_in,
    CASE WHEN amount IS NULL THEN '' ELSE price_window END AS price_window,
    CASE
        WHEN amount IS NOT NULL THEN ''
        WHEN class = 'unsplit' THEN 'no_split'
        ELSE coalesce(unpriced, 'no_class_price')
    END AS unpriced,
    CAST(quantity AS BIGINT) AS quantity,
    CAST(amount AS DECIMAL(38, 12)) AS amount,
    price_book_version
FROM by_class
WHERE quantity > 0 AND (is_token = 1 OR amount IS NOT NULL)
ORDER BY
    by_class.event_day,
    by_class.tenant_id,
{% for dimension in dimensions %}
    by_class.{{ dimension }},
{% endfor %}
    by_class.class,
    by_class.price_id,
    by_class.above_tokens_in,
    by_class.price_window
