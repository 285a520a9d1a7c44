-- The cube of costs of each event day: quantity and amount by tenant, dimension, class and price.
-- Requests have rows only with a price of a request, or if their model has no price at all: other models cost nothing
-- by the request. Requests and tool calls without a model are none of a provider.
WITH grouped AS (
    SELECT
        event_day,
        tenant_id,
        {{ (dimensions + pricing_dimensions) | join(', ') }},
        price_id,
        above_tokens_in,
        price_window,
        unpriced,
        price_book_version,
{% for class in priced_classes %}
        sum({{ class }}_amount) AS {{ class }}_amount,
        sum({{ class }}) AS {{ class }},
{% endfor %}
{% for name in unsplit_classes %}
        sum({{ name }}) AS {{ name }}{{ ',' if not loop.last }}
{% endfor %}
    FROM rated_records
    GROUP BY ALL
),

by_class AS (
    SELECT
        grouped.*,
        quantities.class,
        quantities.is_token,
        quantities.is_unsplit,
        CASE quantities.name
{% for name in priced_classes + unsplit_classes | list %}
            WHEN '{{ name }}' THEN {{ name }}
{% endfor %}
        END AS quantity,
        CASE quantities.name
{% for class in priced_classes %}
            WHEN '{{ class }}' THEN {{ class }}_amount
{% endfor %}
        END AS amount
    FROM grouped
    CROSS JOIN quantities
)

SELECT
    event_day AS day,
    tenant_id,
    {{ (dimensions + pricing_dimensions) | join(', ') }},
    class,
    CASE WHEN amount IS NULL THEN '(none)' ELSE price_id END AS price_id,
    CASE WHEN amount IS NULL OR above_tokens_in < 0 THEN 0 ELSE above_tokens_in END AS above_tokens_in,
    CASE WHEN amount IS NULL THEN '' ELSE price_window END AS price_window,
    CASE
        WHEN amount IS NOT NULL THEN ''
        WHEN is_unsplit = 1 THEN 'no_split'
        ELSE coalesce(unpriced, 'no_class_price')
    END AS unpriced,
    CAST(quantity AS BIGINT) AS quantity,
    CAST(amount AS DECIMAL(38, 12)) AS amount,
    price_book_version
FROM by_class
WHERE
    quantity > 0
    AND (
        is_token = 1
        OR amount IS NOT NULL
        OR class = 'web_search'
        OR (class = 'tool_call' AND coalesce(unpriced, '') <> 'no_model')
        OR (class = 'request' AND coalesce(unpriced, 'no_model') <> 'no_model')
    )
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
