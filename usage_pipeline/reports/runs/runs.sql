-- The history of agent runs: one row per run, on the day it ended, or on the day it started if it has not ended yet.
-- `ends` are the records of the days that say how a run ended. `starts` are those that say that it started, of earlier
-- days too, and `known_ends` are the ids of all runs that have ended by now.
WITH started AS (
    SELECT
        starts.*,
        CASE
            WHEN record_id LIKE '%#started' THEN substr(record_id, 1, length(record_id) - length('#started'))
            ELSE record_id
        END AS run_id,
        row_number() OVER (
            PARTITION BY tenant_id, source, record_id ORDER BY occurred_at, landing_file, landing_line
        ) AS start_rank
    FROM starts
),

runs AS (
    SELECT
        ends.event_day,
        ends.tenant_id,
        ends.source,
        ends.type,
        ends.record_id AS run_id,
        ends.status,
        coalesce(ends.started_at, started.occurred_at) AS started_at,
        ends.occurred_at AS ended_at,
        ends.duration_ms,
{% for name in whose %}
        coalesce(ends.{{ name }}, started.{{ name }}) AS {{ name }},
{% endfor %}
{% for name in resources + reported %}
        ends.{{ name }},
{% endfor %}
        coalesce(ends.meta, started.meta) AS meta,
        ends.landing_file,
        ends.landing_line,
        ends.landing_event,
        started.landing_file AS start_file,
        started.landing_line AS start_line,
        started.landing_event AS start_event
    FROM ends
    LEFT JOIN started
        ON
            ends.tenant_id = started.tenant_id
            AND ends.source = started.source
            AND ends.record_id = started.run_id
            AND started.start_rank = 1
    UNION ALL
    SELECT
        started.event_day,
        started.tenant_id,
        started.source,
        started.type,
        started.run_id,
        started.status,
        coalesce(started.started_at, started.occurred_at) AS started_at,
        NULL AS ended_at,
        NULL AS duration_ms,
{% for name in whose + resources + reported %}
        started.{{ name }},
{% endfor %}
        started.meta,
        started.landing_file,
        started.landing_line,
        started.landing_event,
        NULL AS start_file,
        NULL AS start_line,
        NULL AS start_event
    FROM started
    INNER JOIN event_days ON started.event_day = event_days.event_day
    LEFT JOIN known_ends
        ON
            started.tenant_id = known_ends.tenant_id
            AND started.source = known_ends.source
            AND started.run_id = known_ends.record_id
    WHERE started.start_rank = 1 AND known_ends.record_id IS NULL
)

SELECT
    runs.event_day AS day,
    runs.tenant_id,
    runs.source,
    runs.type,
    runs.run_id,
    runs.status,
    runs.started_at,
    runs.ended_at,
    coalesce(runs.duration_ms, date_diff('millisecond', runs.started_at, runs.ended_at)) AS duration_ms,
{% for name in whose + resources %}
    runs.{{ name }},
{% endfor %}
    rated_records.amount AS cost,
    CASE
        WHEN rated_records.amount IS NOT NULL OR rated_records.record_id IS NULL THEN NULL
        WHEN {% for name in unsplit_classes %}{{ '+ ' if not loop.first }}rated_records.{{ name }} {% endfor %}> 0
            THEN 'no_split'
        ELSE coalesce(rated_records.unpriced, 'no_class_price')
    END AS unpriced,
    credited_records.credits,
    nullif(credited_records.unrated, '') AS unrated,
{% for name in reported %}
    runs.{{ name }},
{% endfor %}
    runs.meta{{ ',' if texts }}
{% for name in texts %}
    coalesce(own_texts."{{ name }}", start_texts."{{ name }}") AS "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
FROM runs
LEFT JOIN rated_records
    ON
        runs.event_day = rated_records.event_day
        AND runs.tenant_id = rated_records.tenant_id
        AND runs.source = rated_records.source
        AND runs.run_id = rated_records.record_id
LEFT JOIN credited_records
    ON
        runs.event_day = credited_records.event_day
        AND runs.tenant_id = credited_records.tenant_id
        AND runs.source = credited_records.source
        AND runs.run_id = credited_records.record_id
{% if texts %}
LEFT JOIN texts AS own_texts
    ON
        runs.landing_file = own_texts.landing_file
        AND runs.landing_line = own_texts.landing_line
        AND runs.landing_event = own_texts.landing_event
LEFT JOIN texts AS start_texts
    ON
        runs.start_file = start_texts.landing_file
        AND runs.start_line = start_texts.landing_line
        AND runs.start_event = start_texts.landing_event
{% endif %}
ORDER BY runs.event_day, runs.tenant_id, runs.started_at, runs.run_id, runs.source
