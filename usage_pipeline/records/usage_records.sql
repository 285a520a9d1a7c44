-- The records of each event day: every accepted line that was not set aside.
SELECT
    landed_events.event_day,
{% for column in columns %}
    landed_events."{{ column }}"{{ ',' if not loop.last }}
{% endfor %}
FROM landed_events
LEFT JOIN excluded_events
    ON landed_events.landing_file = excluded_events.landing_file
    AND landed_events.landing_line = excluded_events.landing_line
    AND landed_events.landing_event = excluded_events.landing_event
-- NOT EXISTS would say the same, but DuckDB keeps the whole rows aside for it.
WHERE excluded_events.landing_line IS NULL
