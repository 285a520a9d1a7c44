-- The lines that lost: same id as a record that landed before, but another payload.
SELECT
    landed_events.event_day,
{% for column in columns %}
    landed_events."{{ column }}",
{% endfor %}
    excluded_events.decided_by_file AS counted_file,
    excluded_events.decided_by_line AS counted_line,
    excluded_events.decided_by_event AS counted_event
FROM landed_events
INNER JOIN excluded_events
    ON landed_events.landing_file = excluded_events.landing_file
    AND landed_events.landing_line = excluded_events.landing_line
    AND landed_events.landing_event = excluded_events.landing_event
    AND excluded_events.verdict = 'conflict'
ORDER BY
    landed_events.event_day,
    landed_events.tenant_id,
    landed_events.occurred_at,
    landed_events.source,
    landed_events.record_id
