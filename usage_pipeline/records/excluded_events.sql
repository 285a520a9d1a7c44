-- The accepted lines of each event day that are no records, each with the verdict and the line that decided it:
-- of the lines with one id the first landed counts; a void takes back the record that it names.
-- `nearby_events` holds lines of days nearby, with the event day that they are compared on. They are compared whether
-- they count or not: so a day depends on what landed, and never on what became of other days.
-- Only ids that repeat are ranked: ranking every row would cost many times as much.
WITH again AS (
    SELECT event_day, tenant_id, source, record_id
    FROM landed_events
    GROUP BY event_day, tenant_id, source, record_id
    HAVING count(*) > 1
    UNION ALL
    SELECT event_day, tenant_id, source, record_id
    FROM nearby_events
),

repeated AS (
    SELECT DISTINCT event_day, tenant_id, source, record_id
    FROM again
),

own AS (
    SELECT
        landed_events.event_day,
        landed_events.tenant_id,
        landed_events.source,
        landed_events.record_id,
        0 AS days_apart,
        landed_events.landing_day,
        landed_events.landing_file,
        landed_events.landing_line,
        landed_events.landing_event,
        landed_events.payload_digest
    FROM landed_events
    INNER JOIN repeated
        ON landed_events.event_day = repeated.event_day
        AND landed_events.tenant_id = repeated.tenant_id
        AND landed_events.source = repeated.source
        AND landed_events.record_id = repeated.record_id
),

compared AS (
    SELECT * FROM own
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        days_apart,
        landing_day,
        landing_file,
        landing_line,
        landing_event,
        payload_digest
    FROM nearby_events
),

ranked AS (
    SELECT
        compared.*,
        row_number() OVER (
            PARTITION BY event_day, tenant_id, source, record_id, days_apart
            ORDER BY landing_day, landing_file, landing_line, landing_event
        ) AS landing_rank
    FROM compared
),

decided AS (
    SELECT
        own.*,
        ranked.payload_digest AS counted_payload,
        ranked.landing_file AS counted_file,
        ranked.landing_line AS counted_line,
        ranked.landing_event AS counted_event,
        row_number() OVER (
            PARTITION BY own.landing_file, own.landing_line, own.landing_event
            ORDER BY ranked.landing_day, ranked.landing_file, ranked.landing_line, ranked.landing_event
        ) AS landing_rank
    FROM own
    INNER JOIN ranked
        ON own.event_day = ranked.event_day
        AND own.tenant_id = ranked.tenant_id
        AND own.source = ranked.source
        AND own.record_id = ranked.record_id
        AND ranked.landing_rank = 1
    LEFT JOIN unique_files ON own.landing_file = unique_files.landing_file
    WHERE ranked.days_apart <= coalesce(unique_files.unique_within_days, 0)
),

later AS (
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        landing_file,
        landing_line,
        landing_event,
        CASE WHEN payload_digest = counted_payload THEN 'duplicate' ELSE 'conflict' END AS verdict,
        counted_file AS decided_by_file,
        counted_line AS decided_by_line,
        counted_event AS decided_by_event
    FROM decided
    WHERE landing_rank = 1
        AND (counted_file <> landing_file OR counted_line <> landing_line OR counted_event <> landing_event)
),

voids AS (
    SELECT
        landed_events.event_day,
        landed_events.tenant_id,
        landed_events.source,
        landed_events.record_id,
        landed_events.void_source,
        landed_events.void_record_id,
        landed_events.landing_file,
        landed_events.landing_line,
        landed_events.landing_event,
        row_number() OVER (
            PARTITION BY
                landed_events.event_day,
                landed_events.tenant_id,
                landed_events.void_source,
                landed_events.void_record_id
            ORDER BY
            landed_events.landing_day, landed_events.landing_file, landed_events.landing_line,
            landed_events.landing_event
        ) AS target_rank
    FROM landed_events
    LEFT JOIN later
        ON landed_events.landing_file = later.landing_file
        AND landed_events.landing_line = later.landing_line
        AND landed_events.landing_event = later.landing_event
    WHERE landed_events.type = 'void' AND later.landing_line IS NULL
),

voided AS (
    SELECT
        landed_events.event_day,
        landed_events.tenant_id,
        landed_events.source,
        landed_events.record_id,
        landed_events.landing_file,
        landed_events.landing_line,
        landed_events.landing_event,
        'voided' AS verdict,
        voids.landing_file AS decided_by_file,
        voids.landing_line AS decided_by_line,
        voids.landing_event AS decided_by_event
    FROM landed_events
    INNER JOIN voids
        ON landed_events.event_day = voids.event_day
        AND landed_events.tenant_id = voids.tenant_id
        AND landed_events.source = voids.void_source
        AND landed_events.record_id = voids.void_record_id
        AND voids.target_rank = 1
    LEFT JOIN later
        ON landed_events.landing_file = later.landing_file
        AND landed_events.landing_line = later.landing_line
        AND landed_events.landing_event = later.landing_event
    WHERE landed_events.type <> 'void' AND later.landing_line IS NULL
),

taken_back AS (
    SELECT
        voids.event_day,
        voids.tenant_id,
        voids.source,
        voids.record_id,
        voids.landing_file,
        voids.landing_line,
        voids.landing_event,
        CASE WHEN voided.record_id IS NULL THEN 'void_without_target' ELSE 'void' END AS verdict,
        voided.landing_file AS decided_by_file,
        voided.landing_line AS decided_by_line,
        voided.landing_event AS decided_by_event
    FROM voids
    LEFT JOIN voided
        ON voids.event_day = voided.event_day
        AND voids.tenant_id = voided.tenant_id
        AND voids.void_source = voided.source
        AND voids.void_record_id = voided.record_id
),

together AS (
    SELECT * FROM later
    UNION ALL
    SELECT * FROM voided
    UNION ALL
    SELECT * FROM taken_back
)

SELECT
    event_day,
    tenant_id,
    source,
    record_id,
    verdict,
    landing_file,
    landing_line,
    landing_event,
    decided_by_file,
    decided_by_line,
    decided_by_event
FROM together
ORDER BY event_day, tenant_id, source, record_id, landing_file, landing_line, landing_event
