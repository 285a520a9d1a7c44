-- The usage of each quarter of an hour of each event day, for intervals of the day and for days of other zones.
-- The start of a quarter hour is put together from the day, the hour and the quarter: truncating a time gives
-- one with a zone in Spark.
WITH grouped AS (
    SELECT
        event_day,
        extract(hour FROM occurred_at) AS hour_of_day,
        CASE
            WHEN extract(minute FROM occurred_at) < 15 THEN 0
            WHEN extract(minute FROM occurred_at) < 30 THEN 15
            WHEN extract(minute FROM occurred_at) < 45 THEN 30
            ELSE 45
        END AS minute_of_hour,
        tenant_id,
        {{ within_day_dimensions | join(', ') }},
{% for metric in record_metrics %}
        sum({{ metric }}) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
    FROM metered_records
    GROUP BY ALL
)

SELECT
    event_day AS day,
    CAST(event_day AS TIMESTAMP)
        + hour_of_day * INTERVAL '1' HOUR
        + minute_of_hour * INTERVAL '1' MINUTE AS quarter_hour,
    tenant_id,
    {{ within_day_dimensions | join(', ') }},
{% for metric in record_metrics %}
    CAST({{ metric }} AS BIGINT) AS {{ metric }}{{ ',' if not loop.last }}
{% endfor %}
FROM grouped
ORDER BY event_day, tenant_id, hour_of_day, minute_of_hour, {{ within_day_dimensions | join(', ') }}
