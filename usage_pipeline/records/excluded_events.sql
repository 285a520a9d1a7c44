-- The accepted lines of each event day that are no records, each with the verdict and the line that decided it:
-- of the lines with one id the first landed counts; a void takes back the record that it names.
-- Only ids that repeat are ranked: ranking every row would cost many times as much.
WITH repeated AS (
    SELECT event_day, tenant_id, source, record_id
    FROM landed_events
    GROUP BY event_day, tenant_id, source, record_id
    HAVING count(*) > 1
),

ranked AS (
    SELECT
        landed_events.*,
        row_number() OVER landing_order AS landing_rank,
        first_value(landed_events.payload_digest) OVER landing_order AS counted_payload,
        first_value(landed_events.landing_file) OVER landing_order AS counted_file,
        first_value(landed_events.landing_line) OVER landing_order AS counted_line,
        first_value(landed_events.landing_event) OVER landing_order AS counted_event
    FROM landed_events
    INNER JOIN repeated
        ON landed_events.event_day = repeated.event_day
        AND landed_events.tenant_id = repeated.tenant_id
        AND landed_events.source = repeated.source
        AND landed_events.record_id = repeated.record_id
    WINDOW landing_order AS (
        PARTITION BY
            landed_events.event_day, landed_events.tenant_id, landed_events.source, landed_events.record_id
        ORDER BY
            landed_events.landing_day, landed_events.landing_file, landed_events.landing_line,
            landed_events.landing_event
    )
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
    FROM ranked
    WHERE landing_rank > 1
),

voids AS (
    SELECT
        landed_events.*,
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
    WHERE landed_events.type = 'void' AND NOT EXISTS (
        SELECT 1
        FROM later
        WHERE later.landing_file = landed_events.landing_file AND later.landing_line = landed_events.landing_line
            AND later.landing_event = landed_events.landing_event
    )
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
    WHERE landed_events.type <> 'void' AND NOT EXISTS (
        SELECT 1
        FROM later
        WHERE later.landing_file = landed_events.landing_file AND later.landing_line = landed_events.landing_line
            AND later.landing_event = landed_events.landing_event
    )
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
